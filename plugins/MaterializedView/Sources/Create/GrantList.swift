import JSONText
import PlanSchema
import PluginAPI

/// What a role may do with the view: `SELECT`, or a list.
struct GrantList: ParameterValue, Hashable {
  enum Right: String, CaseIterable, Sendable, Hashable, ParameterValue {
    case select = "SELECT"
    case references = "REFERENCES"
    case maintain = "MAINTAIN"
    case all = "ALL"
  }

  var rights: [Right]

  static var shape: Shape { .oneOf([Right.shape, .list(Right.shape)]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> GrantList? {
    if node.items != nil { return [Right].read(node, &report).map(GrantList.init) }
    return Right.read(node, &report).map { GrantList(rights: [$0]) }
  }

  var json: JSON { rights.count == 1 ? rights[0].json : rights.json }
}
