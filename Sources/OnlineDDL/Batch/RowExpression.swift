package import JSONText
package import PluginAPI

/// An SQL expression over a row. A bare `NULL`, which YAML takes for nothing, is SQL's.
package struct RowExpression: ParameterValue {
  package var text: String

  package static var shape: Shape { SQLExpression.shape }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> RowExpression? {
    if node.isNull, !node.isErroneous, node.text?.lowercased() == "null" { return RowExpression(text: "NULL") }
    return SQLExpression.read(node, &report).map { RowExpression(text: $0.text) }
  }

  package var json: JSON { SQLExpression(text).json }
}
