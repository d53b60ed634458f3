import JSONText
import PlanSchema
import PluginAPI

/// Foreign keys from a table to the subject, each by its column or its constraint: `driver_id.user_id`.
struct ReferencePath: ParameterValue, Hashable, CustomStringConvertible {
  /// As the catalog spells them, the first one a column of the table itself.
  var hops: [String]

  var description: String { hops.map(QualifiedName.readable).joined(separator: ".") }

  static var shape: Shape { .named("path", pattern: nil) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> ReferencePath? {
    guard let text = report.text(node, wanted: "foreign keys joined by dots") else { return nil }
    let hops = parts(of: text).map { QualifiedName(parsing: "s." + $0)?.name }
    guard !hops.isEmpty, !hops.contains(nil) else {
      report.error(
        "gdpr.map.path", "`\(text)` is not a path of foreign keys", at: node.range,
        hint: "columns joined by dots, from this table to the subject: driver_id.user_id")
      return nil
    }
    return ReferencePath(hops: hops.compactMap { $0 })
  }

  var json: JSON { .string(ReferenceText.escape(description)) }

  /// Split at dots outside quotes.
  private static func parts(of text: String) -> [String] {
    var parts: [String] = [""], isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if character == ".", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    return parts
  }
}

/// One path, or a list of them.
struct ReferencePaths: ParameterValue {
  var paths: [Located<ReferencePath>] = []

  static var shape: Shape { .oneOf([ReferencePath.shape, .list(ReferencePath.shape)]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> ReferencePaths? {
    if node.items != nil { return [Located<ReferencePath>].read(node, &report).map { ReferencePaths(paths: $0) } }
    return Located<ReferencePath>.read(node, &report).map { ReferencePaths(paths: [$0]) }
  }

  var json: JSON { paths.count == 1 ? paths[0].json : paths.json }
}
