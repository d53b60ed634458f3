import JSONText
import PlanSchema
import YAMLTree

/// `sql: SELECT 1` or a list of such texts; each may hold several statements.
struct StatementTexts: ParameterValue {
  var texts: [Located<SQLStatement>]
  var isList: Bool

  static var shape: Shape { .oneOf([SQLStatement.shape, .list(SQLStatement.shape)]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> StatementTexts? {
    if node.items == nil {
      return Located<SQLStatement>.read(node, &report).map { StatementTexts(texts: [$0], isList: false) }
    }
    guard let texts = [Located<SQLStatement>].read(node, &report) else { return nil }
    if texts.isEmpty {
      report.error("value.missing", "a list of SQL statements is expected, not an empty one", at: node.range)
      return nil
    }
    return StatementTexts(texts: texts, isList: true)
  }

  var json: JSON { isList ? texts.json : texts.first?.json ?? .null }
}
