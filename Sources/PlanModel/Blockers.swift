package import JSONText
package import PlanSchema
internal import SQLText
package import YAMLTree

/// What is done about sessions that block a step.
package enum Blockers: ParameterValue, Hashable {
  /// They are named while the step waits.
  case wait
  /// Those of some roles are ended; the others are named.
  case cancel(BlockerRule)

  /// `nil`: nobody is ended.
  package var rule: BlockerRule? { if case .cancel(let rule) = self { rule } else { nil } }

  package static var shape: Shape { .oneOf([.enumeration(["wait"]), BlockerKeys.shape]) }
  package static func read(_ node: Node, _ report: inout Diagnostics) -> Blockers? {
    guard node.text == nil else {
      if node.text == "wait" { return .wait }
      report.unexpected(node, wanted: "wait, or { cancel: [roles], after: 30s }")
      return nil
    }
    return BlockerKeys.read(node, &report).map { .cancel($0.value) }
  }
  package var json: JSON {
    guard case .cancel(let rule) = self else { return "wait" }
    return ["cancel": .array(rule.roles.map { Identifier($0).json }), "after": rule.after.json]
  }
}

/// Whose sessions may be ended, and when.
package struct BlockerRule: Sendable, Hashable {
  /// As the catalog spells them.
  package var roles: [String]
  /// How long a transaction has to have been in the way; and from each attempt to the next, harder one.
  package var after: TimeSpan

  package init(roles: [String], after: TimeSpan) {
    self.roles = roles
    self.after = after
  }
}

/// The keys under `blockers:`.
struct BlockerKeys: ParameterSet {
  @Parameter("Roles whose sessions are ended when they block a step; of no other role, and never a superuser's.")
  var cancel: [Identifier]
  @Parameter("How long one has to have been in the way; so long again before an idle transaction is ended with its session.")
  var after: TimeSpan

  var value: BlockerRule { BlockerRule(roles: cancel.map(\.name), after: after) }

  func check(_ report: inout Diagnostics) {
    if cancel.isEmpty {
      report.error(
        "value.missing", "no role is named", at: $cancel, hint: "name those that may be ended, or write blockers: wait")
    }
    if after < .seconds(1) {
      report.error("value.range", "a blocker has a second at least", at: $after, hint: "30s, say")
    }
  }
}
