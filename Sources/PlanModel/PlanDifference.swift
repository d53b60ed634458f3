package import JSONText
internal import PlanSchema

/// What changed between two resolved plans, one line each, for a person who must decide.
package enum PlanDifference {
  package static func lines(old: JSON, new: JSON) -> [String] {
    var out: [String] = []
    compare(old, new, at: "", &out)
    return out
  }

  /// The same plan for other values of its private variables.
  package static func isPrivateOnly(old: JSON, new: JSON) -> Bool { old != new && withoutTokens(old) == withoutTokens(new) }

  private static func withoutTokens(_ json: JSON) -> JSON {
    switch json {
    case .array(let items): .array(items.map(withoutTokens))
    case .object(let object): .object(JSONObject(object.members.map { ($0.key, withoutTokens($0.value)) }))
    case .string(let text): .string(withoutTokens(text))
    default: json
    }
  }

  private static func withoutTokens(_ text: String) -> String {
    guard text.contains("${private:"), let parsed = try? ReferenceText(parsing: text) else { return text }
    let segments = parsed.segments.map { segment -> ReferenceText.Segment in
      guard case .privateVariable(let reference) = segment else { return segment }
      return .privateVariable(PrivateReference(reference.name))
    }
    return ReferenceText(segments).source
  }

  private static func compare(_ old: JSON, _ new: JSON, at path: String, _ out: inout [String]) {
    guard old != new else { return }
    switch (old, new) {
    case (.object(let a), .object(let b)):
      for member in a.members {
        let place = join(path, member.key)
        if let other = b[member.key] {
          compare(member.value, other, at: place, &out)
        } else {
          out.append("- \(place): \(short(member.value))")
        }
      }
      for member in b.members where a[member.key] == nil {
        out.append("+ \(join(path, member.key)): \(short(member.value))")
      }
    case (.array(let a), .array(let b)) where a.count == b.count:
      for place in a.indices { compare(a[place], b[place], at: "\(path)[\(place + 1)]", &out) }
    default:
      out.append("~ \(path.isEmpty ? "plan" : path): \(short(old)) → \(short(new))")
    }
  }

  private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }

  private static func short(_ value: JSON) -> String {
    let text = value.text
    return text.count <= 100 ? text : text.prefix(99) + "…"
  }
}
