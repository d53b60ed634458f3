package import JSONText

/// What a query touches: relations with the locks it takes on them (CTE names left out) and the functions it calls.
package struct QueryWalk {
  package struct Use: Sendable {
    package let relation: QualifiedName
    package let alias: String
    package var mode: LockMode
    package let writes: Bool
  }

  package private(set) var uses: [Use] = []
  package private(set) var calls: [FunctionCall] = []
  package private(set) var columns: Set<String> = []
  package private(set) var hasSubquery = false
  /// `INTO` of a SELECT.
  package private(set) var creates: [QualifiedName] = []

  package init() {}

  package init(_ value: JSON) { visit(value, []) }

  package init(kind: String, body: JSON) { member(kind, body, []) }

  package var locks: [RelationLock] { uses.map { RelationLock($0.mode, $0.relation) } }

  /// Visits any part of a tree; `ctes` are the names that mean a `WITH` query there.
  package mutating func visit(_ value: JSON, _ ctes: Set<String> = []) {
    switch value {
    case .array(let items): for item in items { visit(item, ctes) }
    case .object(let object): for part in object.members { member(part.key, part.value, ctes) }
    default: break
    }
  }

  private mutating func member(_ key: String, _ value: JSON, _ ctes: Set<String>) {
    switch key {
    case "RangeVar": refer(value, .accessShare, ctes)
    case "SelectStmt": select(value, ctes)
    case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt": change(value, ctes)
    case "SubLink":
      hasSubquery = true
      visit(value, ctes)
    case "FuncCall":
      if let call = FunctionCall(value) { calls.append(call) }
      visit(value, ctes)
    case "SQLValueFunction":
      calls.append(FunctionCall(sqlValue: value))
    case "ColumnRef":
      if let name = value.names("fields").last { columns.insert(name) }
    default: visit(value, ctes)
    }
  }

  private mutating func refer(_ name: JSON, _ mode: LockMode, _ ctes: Set<String>, writes: Bool = false) {
    guard let relation = name.relation else { return }
    if !writes, name["schemaname"] == nil, ctes.contains(relation.name) { return }
    uses.append(Use(relation: relation, alias: name["alias"]?.word("aliasname") ?? relation.name,
                    mode: mode, writes: writes))
  }

  /// Names of `WITH` are visible to what follows them, to themselves only when RECURSIVE.
  private mutating func with(_ clause: JSON?, _ ctes: Set<String>) -> Set<String> {
    guard let clause else { return ctes }
    var names = ctes
    let queries = clause.list("ctes").compactMap { $0.node("CommonTableExpr") }
    if clause.flag("recursive") { names.formUnion(queries.compactMap { $0.word("ctename") }) }
    for query in queries {
      if let body = query["ctequery"] { visit(body, names) }
      if let name = query.word("ctename") { names.insert(name) }
    }
    return names
  }

  private mutating func select(_ body: JSON, _ ctes: Set<String>) {
    guard case .object(let object) = body else { return }
    let names = with(body["withClause"], ctes)
    let first = uses.count
    for part in object.members {
      switch part.key {
      case "withClause", "lockingClause": continue
      case "larg", "rarg": select(part.value, names)
      case "intoClause": if let name = part.value["rel"]?.relation { creates.append(name) }
      default: visit(part.value, names)
      }
    }
    for clause in body.list("lockingClause") { lockRows(clause["LockingClause"], from: first) }
  }

  /// `FOR UPDATE` and its relatives: of the named aliases, or of everything in FROM.
  private mutating func lockRows(_ clause: JSON?, from first: Int) {
    let wanted = clause?.list("lockedRels").compactMap { $0["RangeVar"]?.word("relname") } ?? []
    for place in uses.indices.dropFirst(first) where wanted.isEmpty || wanted.contains(uses[place].alias) {
      uses[place].mode = max(uses[place].mode, .rowShare)
    }
  }

  private mutating func change(_ body: JSON, _ ctes: Set<String>) {
    guard case .object(let object) = body else { return }
    let names = with(body["withClause"], ctes)
    for part in object.members {
      switch part.key {
      case "withClause": continue
      case "relation": refer(part.value, .rowExclusive, names, writes: true)
      default: visit(part.value, names)
      }
    }
  }
}

extension FunctionCall {
  /// `CURRENT_DATE` and the other functions that SQL spells without parentheses.
  fileprivate init(sqlValue: JSON) {
    let name = (sqlValue.word("op") ?? "").split(separator: "_").dropFirst().filter { $0 != "N" }
    self.init(schema: "pg_catalog", name: name.joined(separator: "_").lowercased(), location: sqlValue["location"])
  }
}
