package import JSONText
internal import PlanSchema

/// What changed between two resolved plans, one line each, for a person who must decide.
package enum PlanDifference {
  package static func lines(old: JSON, new: JSON) -> [String] {
    JSONDifference.between(old, new).map { change in
      let place = change.path.isEmpty ? "plan" : change.path
      guard let new = change.new else { return "- \(place): \(short(change.old ?? .null))" }
      guard let old = change.old else { return "+ \(place): \(short(new))" }
      return "~ \(place): \(short(old)) → \(short(new))"
    }
  }

  /// The same plan for other values of its private variables.
  package static func isPrivateOnly(old: JSON, new: JSON) -> Bool {
    old != new && PrivateTokens.removed(from: old) == PrivateTokens.removed(from: new)
  }

  private static func short(_ value: JSON) -> String {
    let text = value.text
    return text.count <= 100 ? text : text.prefix(99) + "…"
  }
}
