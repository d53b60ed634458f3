/// Takes out of a message what may be a value of a row.
enum Redaction {
  /// Data exceptions (22), constraint violations (23) and messages of users' functions (P0) may quote values.
  static func applies(to sqlState: String?) -> Bool {
    guard let sqlState else { return false }
    return ["21", "22", "23", "P0"].contains(sqlState.prefix(2))
  }

  /// Quoted parts go, unless they are one of `names`; so do long runs of digits and whatever has an @.
  static func message(_ text: String, keeping names: [String]) -> String {
    var out = ""
    var rest = text[...]
    while let character = rest.first {
      if character == "\"" || character == "'", let end = rest.dropFirst().lastOrFirstIndex(of: character) {
        let quoted = rest[rest.index(after: rest.startIndex)..<end]
        out += names.contains(String(quoted)) ? "\(character)\(quoted)\(character)" : "<value>"
        rest = rest[rest.index(after: end)...]
      } else {
        let word = rest.prefix { $0 != "\"" && $0 != "'" && $0 != " " }
        if word.isEmpty {
          out.append(character)
          rest = rest.dropFirst()
        } else {
          out += suspicious(word) ? "<value>" : word
          rest = rest[word.endIndex...]
        }
      }
    }
    return out
  }

  private static func suspicious(_ word: Substring) -> Bool {
    word.contains("@") || word.split { !$0.isNumber }.contains { $0.count >= 5 }
  }
}

extension Substring {
  /// The closing quote: the next one, or the last one in the text if a quote inside a value left an odd number of them.
  fileprivate func lastOrFirstIndex(of quote: Character) -> Index? {
    let places = indices.filter { self[$0] == quote }
    return places.count.isMultiple(of: 2) ? places.last : places.first
  }
}
