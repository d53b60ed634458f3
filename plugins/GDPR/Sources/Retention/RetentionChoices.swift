import JSONText
import PluginAPI

/// What becomes of rows whose time is over.
enum RetentionMode: String, CaseIterable, Sendable, ParameterValue {
  case delete, anonymize, archive
  case detachPartition = "detach_partition"

  /// Rows leave the table.
  var removes: Bool { self != .anonymize }
}

enum PartitionUse: String, CaseIterable, Sendable, ParameterValue { case auto, only, never }

enum NullTime: String, CaseIterable, Sendable, ParameterValue { case refuse, keep }

/// What is done about rows that others refer to.
enum ReferenceChoice: String, CaseIterable, Sendable, ParameterValue {
  /// They stay as long as they are referred to.
  case keep
  /// The key's own ON DELETE happens.
  case follow
}

/// What is done about a trigger that fires for the rows.
enum TriggerChoice: ParameterValue, Hashable {
  /// It fires; what it refuses stops the step.
  case keep
  /// It is off inside each batch's own transaction, which keeps other writers out meanwhile.
  case disable
  /// A setting that its function lets through, made for the batch's transaction alone.
  case setting(String, to: String)

  private struct Passage: ParameterSet {
    @Parameter("Name of the setting.") var setting: String
    @Parameter("Its value.") var to: String
  }

  static var shape: Shape { .oneOf([.enumeration(["keep", "disable"]), Passage.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> TriggerChoice? {
    if node.pairs != nil { return Passage.read(node, &report).map { .setting($0.setting, to: $0.to) } }
    guard let text = report.text(node, wanted: "keep, disable or {setting: name, to: value}") else { return nil }
    switch text {
    case "keep": return .keep
    case "disable": return .disable
    default:
      report.error(
        "value.unknown", "`\(text)` is not one of keep, disable, {setting: name, to: value}", at: node.range,
        didYouMean: Spelling.nearest(to: text, in: ["keep", "disable"]))
      return nil
    }
  }

  var json: JSON {
    switch self {
    case .keep: "keep"
    case .disable: "disable"
    case .setting(let name, let value): ["setting": name.json, "to": value.json]
    }
  }
}

/// Where archived rows go: rows to a table, whole partitions to a schema.
struct ArchivePlace: ParameterSet {
  @Parameter("Table that takes the rows, in the transaction that removes them; made where there is none.")
  var table: QualifiedName?
  @Parameter("Schema that whole partitions are moved to, without copying a row; it has to exist.") var schema: Identifier?

  func check(_ report: inout Diagnostics) {
    if table == nil, schema == nil {
      report.error("retention.archive", "say `table`, `schema` or both", at: $table)
    }
  }
}
