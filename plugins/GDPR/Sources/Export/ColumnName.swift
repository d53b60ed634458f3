import JSONText
import PlanSchema
import PluginAPI

/// `users.password`, or `audit.log.payload`.
struct ColumnName: ParameterValue, Hashable, CustomStringConvertible {
  var table: QualifiedName
  var column: String

  var description: String { "\(table).\(QualifiedName.readable(column))" }

  static var shape: Shape { .named("column") }

  static func read(_ node: Node, _ report: inout Diagnostics) -> ColumnName? {
    guard let text = report.text(node, wanted: "table.column") else { return nil }
    guard let name = ColumnName(parsing: text) else {
      report.error(
        "name.form", "`\(text)` is not a column of a table", at: node.range, hint: "table.column, or schema.table.column")
      return nil
    }
    return name
  }

  init?(parsing text: String) {
    guard let dot = Self.lastDot(text), let column = QualifiedName(parsing: "s." + text[text.index(after: dot)...]),
      let table = QualifiedName(parsing: String(text[..<dot]))
    else { return nil }
    (self.table, self.column) = (table, column.name)
  }

  private static func lastDot(_ text: String) -> String.Index? {
    var isQuoted = false, last: String.Index?
    for place in text.indices {
      if text[place] == "\"" { isQuoted.toggle() }
      if text[place] == ".", !isQuoted { last = place }
    }
    return last
  }

  var json: JSON { .string(ReferenceText.escape(description)) }
}
