import JSONText
import PlanSchema
import PluginAPI

/// What becomes of a person's rows of one table.
enum EraseStrategy: ParameterValue, Hashable {
  case delete
  /// They stay, changed as the map says.
  case anonymize
  /// They stay as they are, and this is why that is allowed.
  case keep(basis: String)

  static var shape: Shape { .oneOf([.enumeration(["delete", "anonymize"]), KeepKeys.shape]) }

  struct KeepKeys: ParameterSet {
    @Parameter("Why the rows may be kept: the law, the contract, the period.") var keep: String

    func check(_ report: inout Diagnostics) {
      if keep.allSatisfy(\.isWhitespace) { report.error("value.missing", "say why the rows are kept", at: $keep) }
    }
  }

  static func read(_ node: Node, _ report: inout Diagnostics) -> EraseStrategy? {
    if node.pairs != nil { return KeepKeys.read(node, &report).map { .keep(basis: $0.keep) } }
    guard let text = report.text(node, wanted: "delete, anonymize or {keep: why}") else { return nil }
    switch text {
    case "delete": return .delete
    case "anonymize": return .anonymize
    default:
      let hint = text == "keep" ? "write {keep: why they may be kept}" : nil
      report.error(
        "value.unknown", "`\(text)` is not one of delete, anonymize or {keep: why}", at: node.range, hint: hint,
        didYouMean: report.nearest(to: text, in: ["delete", "anonymize"]))
      return nil
    }
  }

  var json: JSON {
    switch self {
    case .delete: "delete"
    case .anonymize: "anonymize"
    case .keep(let basis): ["keep": .string(ReferenceText.escape(basis))]
    }
  }
}

/// What becomes of rows that refer to a deleted row and are nobody's in the map by that reference.
enum ReferenceStrategy: String, CaseIterable, Sendable, ParameterValue {
  case delete, null
}
