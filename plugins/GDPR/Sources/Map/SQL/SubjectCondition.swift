import PluginAPI

/// A condition of the map with `$subject` in it, over any number of subjects at once.
struct SubjectCondition: Sendable, Hashable {
  let text: String

  private static let placeholder = "$subject"

  /// `x = $subject` becomes `x = ANY (…)`, which the planner answers for all keys at once; any other use is asked key by
  /// key.
  func sql(_ keys: SubjectKeys) -> SQL {
    let pieces = split()
    if isComparedOnly(pieces) {
      return "(" + pieces.map { SQL(verbatim: $0) }.joined(separator: "ANY \(sql: keys.list)") + "\n)"
    }
    let condition = SQL(verbatim: pieces.joined(separator: "subject_keys.key"))
    return "EXISTS (SELECT FROM (\(sql: keys.query)) AS subject_keys WHERE (\(sql: condition)\n))"
  }

  /// The condition with something that has the key's type in the place of the key: what a parser can read.
  func text(with key: String) -> String { split().joined(separator: key) }

  private func isComparedOnly(_ pieces: [String]) -> Bool {
    zip(pieces, pieces.dropFirst()).allSatisfy { before, after in
      let left = before.reversed().drop { $0.isWhitespace }
      let isEqual = left.first == "=" && !"<>!=~@".contains(left.dropFirst().first ?? " ")
      let right = after.drop { $0.isWhitespace }
      let follows = right.isEmpty || right.hasPrefix(")") || right.lowercased().hasPrefix("and ")
        || right.lowercased().hasPrefix("or ")
      return isEqual && follows
    }
  }

  private func split() -> [String] {
    var pieces = [""], rest = Substring(text)
    while let first = rest.first {
      let isPlace = rest.hasPrefix(Self.placeholder)
      if isPlace, !Self.continues(rest.dropFirst(Self.placeholder.count).first) {
        pieces.append("")
        rest = rest.dropFirst(Self.placeholder.count)
      } else {
        pieces[pieces.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return pieces
  }

  private static func continues(_ next: Character?) -> Bool {
    guard let next else { return false }
    return next == "_" || next == "$" || next.isLetter || next.isNumber
  }
}
