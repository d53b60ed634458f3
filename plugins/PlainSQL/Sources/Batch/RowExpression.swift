import JSONText
import PlanSchema
import YAMLTree

/// An SQL expression over a row. A bare `NULL`, which YAML takes for nothing, is SQL's.
struct RowExpression: ParameterValue {
  var text: String

  static var shape: Shape { SQLExpression.shape }

  static func read(_ node: Node, _ report: inout Diagnostics) -> RowExpression? {
    if node.isNull, !node.isErroneous, node.text?.lowercased() == "null" { return RowExpression(text: "NULL") }
    return SQLExpression.read(node, &report).map { RowExpression(text: $0.text) }
  }

  var json: JSON { SQLExpression(text).json }
}
