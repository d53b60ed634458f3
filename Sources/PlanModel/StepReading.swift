internal import Digest
internal import JSONText
internal import PlanSchema
internal import PluginAPI
internal import YAMLTree

/// Reads one step: its own keys, its policy, and its parameters by its kind.
struct StepReading {
  let registry: StepRegistry
  let defaults: Policy

  static let keys = StepKeys.fields.map(\.key)
  static let policyKeys = PolicyKeys.fields.map(\.key)

  struct Result {
    var keys: StepKeys
    var policy: Policy
    var with: Node
    var withJSON: JSON
    var mentions: [Diagnostics.Mention]
  }

  func read(_ expanded: StepExpansion.Expanded, _ report: inout Diagnostics) -> Result? {
    let node = expanded.node.refusing(StepKeys.unsupported, &report)
    guard report.isMapping(node, allowing: StepReading.keys + StepReading.policyKeys + ["for_each"]) else { return nil }
    let policy = policy(node.keeping(StepReading.policyKeys), &report)
    let keys = StepKeys.read(node.keeping(StepReading.keys), &report)
    // A step whose own keys are wrong still has its parameters checked.
    let before = report.mentions.count
    let with = node["with"] ?? Node(.mapping([]), range: expanded.key.range)
    let json = node["uses"].flatMap { parameters(with, of: $0, &report) }
    guard let keys, let policy, let json else { return nil }
    return Result(
      keys: keys, policy: policy, with: with, withJSON: json,
      mentions: Array(report.mentions[before...]))
  }

  /// Most steps have no policy of their own, and there may be thousands.
  private func policy(_ node: Node, _ report: inout Diagnostics) -> Policy? {
    if case .mapping(let pairs) = node.kind, pairs.isEmpty { return defaults }
    return PolicyKeys.read(node, &report)?.applied(to: defaults)
  }

  private func parameters(_ with: Node, of uses: Node, _ report: inout Diagnostics) -> JSON? {
    guard let name = uses.text, !uses.isErroneous else { return nil }
    guard let kind = registry[name] else {
      guard String.read(uses, &report) != nil else { return nil }
      report.error(
        "uses.unknown", "there is no step kind `\(name)`", at: uses.range, hint: "`caisson plugins` lists them",
        didYouMean: Spelling.nearest(to: name, in: registry.names))
      return nil
    }
    return StepReading.parameters(of: kind, with, &report)
  }

  private static func parameters<Kind: StepKind>(
    of kind: Kind.Type, _ with: Node, _ report: inout Diagnostics
  ) -> JSON? {
    Kind.Parameters.frozen(with, &report)
  }
}
