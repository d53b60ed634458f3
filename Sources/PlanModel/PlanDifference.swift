package import JSONText

/// What changed between two resolved plans, one line each, for a person who must decide.
package enum PlanDifference {
  package static func lines(old: JSON, new: JSON) -> [String] {
    var out: [String] = []
    compare(old, new, at: "", &out)
    return out
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
