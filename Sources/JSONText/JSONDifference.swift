/// One place where two values differ.
package struct JSONDifference: Sendable, Hashable {
  /// `steps.copy.with.columns[2]`; empty: the whole.
  package let path: String
  /// `nil`: not there.
  package let old: JSON?
  package let new: JSON?

  /// In the order of the text. Lists of one length are compared item by item, others as a whole.
  package static func between(_ old: JSON, _ new: JSON) -> [JSONDifference] {
    var out: [JSONDifference] = []
    compare(old, new, at: "", &out)
    return out
  }

  private static func compare(_ old: JSON, _ new: JSON, at path: String, _ out: inout [JSONDifference]) {
    guard old != new else { return }
    switch (old, new) {
    case (.object(let a), .object(let b)):
      for member in a.members {
        let place = join(path, member.key)
        if let other = b[member.key] {
          compare(member.value, other, at: place, &out)
        } else {
          out.append(JSONDifference(path: place, old: member.value, new: nil))
        }
      }
      for member in b.members where a[member.key] == nil {
        out.append(JSONDifference(path: join(path, member.key), old: nil, new: member.value))
      }
    case (.array(let a), .array(let b)) where a.count == b.count:
      for place in a.indices { compare(a[place], b[place], at: "\(path)[\(place + 1)]", &out) }
    default:
      out.append(JSONDifference(path: path, old: old, new: new))
    }
  }

  private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }
}
