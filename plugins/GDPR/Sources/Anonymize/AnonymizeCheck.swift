import PlanSchema
import PluginAPI

/// What only the server can say: whether it understands the conditions, and what its constraints make of new values.
struct AnonymizeCheck {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap
  let facts: any Facts

  func all() async throws -> [Finding] {
    var findings: [Finding] = []
    if let condition = wanted.where, let problem = expression(condition, "gdpr.where", wanted.$where) { findings.append(problem) }
    if let holds = wanted.holds, let condition = holds.where, let problem = expression(condition, "gdpr.holds", holds.$where) {
      findings.append(problem)
    }
    guard findings.isEmpty else { return findings }
    let query: SQL = "EXPLAIN SELECT FROM \(sql: map.subject.source) WHERE \(sql: Selection(wanted: wanted, map: map).condition)"
    if let refused = try await facts.attempt(query.text) {
      findings.append(
        .refusal(
          "gdpr.selection", "the server refuses the selection (SQLSTATE \(refused.sqlState))"
            + (refused.isAboutStatement ? ": \(refused.message)" : ""),
          choices: ["correct `inactive`, `where` or `holds`"], at: wanted.$where))
    }
    if let problem = try await auditTable() { findings.append(problem) }
    if let problem = try await quarantine() { findings.append(problem) }
    let changed = map.tables.filter { $0.isOwned && !$0.changed.isEmpty }
    findings += try await MaterializedCopies(
      changed: changed.map { ($0.name, $0.changed.map(\.name)) }, range: wanted.$map.firstCharacter, facts: facts
    ).findings()
    findings += try await UnindexedWays(map: map, range: wanted.$map.firstCharacter, facts: facts).findings()
    for table in changed {
      findings += try await ConstraintTrial(table: table, facts: facts).findings()
    }
    return findings
  }

  private func expression(_ text: SQLExpression, _ code: String, _ range: SourceRange) -> Finding? {
    do {
      try SQLParser.checkExpression(text.text)
      return nil
    } catch {
      return .refusal(
        code, "line \(error.line), column \(error.column) of the condition: \(error.message)",
        choices: ["correct the condition"], at: range)
    }
  }

  private func auditTable() async throws -> Finding? {
    guard let audit = wanted.auditTable else { return nil }
    let columns = [audit.subject.name] + audit.values.keys
    let values = ["NULL::\(sql: map.key.type)" as SQL] + audit.values.map { "\(literal: $0.value)" as SQL }
    let insert: SQL = """
      EXPLAIN INSERT INTO \(id: audit.table) (\(id: columns)) SELECT \(sql: values.joined(separator: ", "))
      """
    guard let refused = try await facts.attempt(insert.text), refused.sqlState != "25006" else { return nil }
    return .refusal(
      "gdpr.audit_table", "the server refuses a row for \(audit.table) (SQLSTATE \(refused.sqlState))"
        + (refused.isAboutStatement ? ": \(refused.message)" : ""), choices: ["correct `audit_table`"], at: wanted.$auditTable)
  }

  private func quarantine() async throws -> Finding? {
    guard let quarantine = wanted.quarantine else { return nil }
    let found = try await facts.rows("SELECT to_regnamespace(quote_ident(\(quarantine.schema.name))) IS NOT NULL AS found")
    guard found.first?["found"] != "t" else { return nil }
    return .refusal(
      "gdpr.quarantine", "there is no schema \(quarantine.schema)",
      choices: ["create it, readable by few: CREATE SCHEMA \(quarantine.schema)"], at: quarantine.$schema)
  }
}

/// New values of some rows, held against the table's CHECK constraints before anything is changed.
struct ConstraintTrial {
  let table: MappedTable
  let facts: any Facts

  func findings() async throws -> [Finding] {
    if let refused = try await facts.attempt("SELECT count(*) FROM (\(sample("SELECT t.*", changed).text)) AS s") {
      return [
        .refusal(
          "gdpr.map.value", "the server cannot compute the new values of \(table.name) (SQLSTATE \(refused.sqlState))"
            + (refused.isAboutStatement ? ": \(refused.message)" : ""),
          choices: ["constants have to be values of their column's type, and fit it"], at: table.range)
      ]
    }
    var findings: [Finding] = []
    for row in try await facts.rows(constraints) {
      let (name, condition) = (try row.string("name"), try row.string("condition"))
      let query: SQL = "SELECT count(*) AS n FROM (\(sql: sample("SELECT", all))) AS \(id: table.name.name) WHERE NOT (\(sql: condition))"
      guard try await facts.attempt(query.text) == nil, let broken = try await facts.rows(query).first?["n"], broken != "0"
      else { continue }
      findings.append(
        .refusal(
          "gdpr.map.check", "the constraint \(name) of \(table.name) refuses the new values",
          choices: ["a value or `form` that \(name) lets through"], at: table.range))
    }
    return findings
  }

  private var changed: SQL {
    table.changed.map(\.withoutSecrets).map { "\(sql: $0.newValue) AS \(id: Quoting.fitted("new_" + $0.name))" as SQL }.joined(separator: ", ")
  }

  private var all: SQL {
    table.columns.map(\.withoutSecrets).map { "\(sql: $0.isChanged ? $0.newValue : "t.\(id: $0.name)") AS \(id: $0.name)" as SQL }
      .joined(separator: ", ")
  }

  private func sample(_ select: SQL, _ columns: SQL) -> SQL {
    let comma: SQL = select.text == "SELECT" ? " " : ", "
    return "\(sql: select)\(sql: comma)\(sql: columns) FROM (SELECT * FROM \(id: table.name) LIMIT 100) AS t OFFSET 0"
  }

  private var constraints: SQL {
    """
    SELECT k.conname AS name, pg_get_expr(k.conbin, k.conrelid) AS condition FROM pg_constraint k
    WHERE k.conrelid = \(table.shape.oid)::int8::oid AND k.contype = 'c' ORDER BY k.conname
    """
  }
}
