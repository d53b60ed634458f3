import PlanSchema
import PluginAPI

/// A table's `where`: one expression, which the server understands.
struct ConditionCheck {
  let table: MappedTable
  let key: MappedColumn
  let range: SourceRange
  let facts: any Facts

  func finding() async throws -> Finding? {
    guard let condition = table.condition else { return nil }
    do {
      try SQLParser.checkExpression(condition.text(with: "NULL"))
    } catch {
      return refusal("line \(error.line), column \(error.column) of the condition: \(error.message)")
    }
    let keys = SubjectKeys("SELECT NULL::\(sql: key.type) AS key")
    let query: SQL = "EXPLAIN SELECT FROM \(sql: table.source) WHERE \(sql: condition.sql(keys))"
    guard let refused = try await facts.attempt(query.text) else { return nil }
    return refusal(
      "the server refuses the condition (SQLSTATE \(refused.sqlState))"
        + (refused.isAboutStatement ? ": \(refused.message)" : ""))
  }

  private func refusal(_ what: String) -> Finding {
    .refusal(
      "gdpr.map.where", what, choices: ["correct it; columns of \(table.name) stand alone or as t.column"], at: range)
  }
}
