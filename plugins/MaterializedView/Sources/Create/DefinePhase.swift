import JSONText
import PluginAPI

/// Looks at what is there: makes a view that is missing, brings small things up to date, or begins a change.
struct DefinePhase {
  let step: Step<MatviewCreate.Parameters>
  let facts: any Facts

  private var wanted: MatviewCreate.Parameters { step.parameters }
  private var name: QualifiedName { wanted.name }

  func program() async throws -> Program {
    let (query, read) = try await ViewQuery.read(wanted, facts)
    let invariants = try Invariant.read(wanted.verify)
    let indexes = WantedIndex.all(wanted)
    let former = try await MatviewRegister.entry(of: name, facts)
    let tree = try await standing()
    let columns = try await QueryColumns(query: query, facts: facts).names()
    let advice = try await CreateFindings(
      wanted: wanted, query: query, columns: columns, indexes: indexes, tree: tree, facts: facts
    ).all()
    let entry = MatviewRegister.Entry(wanted, query: query.text, indexes: indexes.map(\.name))
    var carry = MatviewCarry(isChanging: false, entry: entry, former: former)
    guard let tree else {
      let view = NewView(wanted: wanted, query: query, indexes: indexes, invariants: invariants, entry: entry)
      return Program(
        findings: read + advice, operations: [try view.operation], carry: try carry.json,
        privileges: [Privilege(.create(schema: name.schema))])
    }
    if isUnchanged(query, former, tree) {
      carry.entry.query = former?.query
      var program = Adjustment(wanted: wanted, indexes: indexes, entry: carry.entry, former: former, tree: tree).program
      program.findings = read + advice + program.findings
      program.carry = try carry.json
      return program
    }
    carry.isChanging = true
    let obstacles = try await DependentFindings(
      tree: tree, columns: columns, range: wanted.$name, facts: facts
    ).all()
    return Program(
      findings: read + advice + obstacles + [changeNote(tree)], operations: [outline(query)],
      carry: try carry.json,
      privileges: [Privilege(.owner(name)), Privilege(.create(schema: name.schema))])
  }

  /// The view of that name; a relation of another kind is in the way.
  private func standing() async throws -> ViewTree? {
    guard let kind = try await facts.relationKind(name) else { return nil }
    guard kind == .materializedView, let tree = try await facts.viewTree(of: name) else {
      throw StepRefusal(
        "matview.other_kind", "\(name) is a \(kind.noun): a materialized view cannot take its name, and nothing of it is"
          + " replaced by guessing", choices: ["another `name`", "drop or rename the \(kind.noun) first, in a step of its own"],
        at: wanted.$name)
    }
    return tree
  }

  /// Without writing nobody can ask the server what it would make of a query. It is unchanged when the plan says what it
  /// said when the view was made, and the view is what the server made of it then.
  private func isUnchanged(_ query: ViewQuery, _ former: MatviewRegister.Entry?, _ tree: ViewTree) -> Bool {
    guard let text = former?.query, let definition = former?.definition else { return false }
    return query.says(what: text) && definition == tree.root.definition
  }

  private func changeNote(_ tree: ViewTree) -> Finding {
    let above = tree.above.count
    return .note(
      "matview.changed", "\(name) is not known to hold this query: its outline is made beside, without rows, and if the"
        + " server renders both alike nothing more happens; else it is filled beside and swapped in"
        + (above == 0 ? "" : ", with \(above) view\(above == 1 ? "" : "s") on top made again"), at: query)
  }

  private var query: SourceRange { wanted.queryFile == nil ? wanted.$query : wanted.$queryFile }

  private func outline(_ query: ViewQuery) -> Operation {
    let fresh = SideName.fresh(name)
    let remove = TransactionStatement("DROP MATERIALIZED VIEW IF EXISTS \(id: fresh)")
    return .transaction(
      id: "outline", title: "outline of \(name) as the plan has it",
      [remove, TransactionStatement("CREATE MATERIALIZED VIEW \(id: fresh) AS\n\(sql: query.text)\nWITH NO DATA")],
      undo: .operations([
        .transaction(id: "drop-outline", title: "drop the outline", [remove], undo: .nothing)
      ]))
  }
}

/// Names of the columns a query returns, without running it.
struct QueryColumns {
  let query: ViewQuery
  let facts: any Facts

  func names() async throws -> [String] {
    if let refused = try await facts.attempt("EXPLAIN \(query.text)") {
      throw StepRefusal(
        "matview.query", "the server refuses the query (SQLSTATE \(refused.sqlState))"
          + (refused.isAboutStatement || refused.sqlState == "22007" ? ": \(refused.message)" : ""),
        choices: refused.sqlState == "22007"
          ? ["write an interval as one: now() - interval '1 hour'"] : ["correct the query"], at: query.range)
    }
    // One row of NULLs: the condition is false before anything is read.
    let row = try await facts.rows(
      SQL(verbatim: "SELECT s.* FROM (SELECT 1) AS one LEFT JOIN (\(query.text)\n) AS s ON false")
    ).first
    let names = row?.columns ?? []
    let doubled = names.filter { name in names.filter { $0 == name }.count > 1 }
    guard let double = doubled.first else { return names }
    throw StepRefusal(
      "matview.columns", "two columns of the query are called \(QualifiedName.readable(double))",
      choices: ["name them with AS"], at: query.range)
  }
}
