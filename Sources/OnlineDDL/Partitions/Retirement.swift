package import JSONText
package import PluginAPI

/// What becomes of a partition once it is detached: `keep`, `drop` or `{move_to_schema: archive}`.
package enum Retirement: ParameterValue, Hashable {
  case keep, drop
  case move(schema: Identifier)

  private struct Move: ParameterSet {
    @Parameter("Schema the table is moved to; it has to exist.") var moveToSchema: Identifier
  }

  package static var shape: Shape { .oneOf([.enumeration(["keep", "drop"]), Move.shape]) }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> Retirement? {
    if node.pairs != nil { return Move.read(node, &report).map { .move(schema: $0.moveToSchema) } }
    guard let text = report.text(node, wanted: "keep, drop or {move_to_schema: name}") else { return nil }
    switch text {
    case "keep": return .keep
    case "drop": return .drop
    case "move_to_schema":
      report.error("partition.then", "which schema?", at: node.range, hint: "{move_to_schema: archive}")
    default:
      report.error(
        "value.unknown", "`\(text)` is not one of keep, drop, {move_to_schema: name}", at: node.range,
        didYouMean: Spelling.nearest(to: text, in: ["keep", "drop", "move_to_schema"]))
    }
    return nil
  }

  package var json: JSON {
    switch self {
    case .keep: "keep"
    case .drop: "drop"
    case .move(let schema): .object(JSONObject([("move_to_schema", schema.json)]))
    }
  }
}
