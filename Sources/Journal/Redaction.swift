/// Takes out of a message what may be a value of a row.
enum Redaction {
  /// Cardinality (21), data exceptions (22), constraint violations (23) and users' functions (P0) may quote values.
  static func applies(to sqlState: String?) -> Bool {
    guard let sqlState else { return false }
    return ["21", "22", "23", "P0"].contains(sqlState.prefix(2))
  }

  /// Whatever stands between the first and the last quote goes, but for `names`: the server does not escape quotes
  /// inside a value, so where one value ends nobody knows. So do long runs of digits and whatever has an @.
  static func message(_ text: String, keeping names: [String]) -> String {
    let pieces = split(text, at: names.filter { !$0.isEmpty }.map { "\"\($0)\"" })
    let quoted = pieces.indices.filter { !pieces[$0].kept && pieces[$0].text.contains(where: isQuote) }
    guard let first = quoted.first, let last = quoted.last else { return pieces.map(words).joined() }
    let before = pieces[first].text.prefix { !isQuote($0) }
    let after = pieces[last].text.reversed().prefix { !isQuote($0) }.reversed()
    let head = pieces[..<first] + [Piece(text: String(before), kept: false)]
    let tail = [Piece(text: String(after), kept: false)] + pieces[(last + 1)...]
    return head.map(words).joined() + "<value>" + tail.map(words).joined()
  }

  private struct Piece {
    let text: String
    let kept: Bool
  }

  private static func isQuote(_ character: Character) -> Bool { character == "\"" || character == "'" }

  private static func split(_ text: String, at marks: [String]) -> [Piece] {
    var pieces: [Piece] = []
    var plain = ""
    var rest = text[...]
    while let character = rest.first {
      if let mark = marks.first(where: { rest.hasPrefix($0) }) {
        pieces += [Piece(text: plain, kept: false), Piece(text: mark, kept: true)]
        (plain, rest) = ("", rest.dropFirst(mark.count))
      } else {
        plain.append(character)
        rest = rest.dropFirst()
      }
    }
    return pieces + [Piece(text: plain, kept: false)]
  }

  private static func words(_ piece: Piece) -> String {
    guard !piece.kept else { return piece.text }
    return piece.text.split(separator: " ", omittingEmptySubsequences: false)
      .map { suspicious($0) ? "<value>" : String($0) }.joined(separator: " ")
  }

  private static func suspicious(_ word: Substring) -> Bool {
    word.contains("@") || word.split { !$0.isNumber }.contains { $0.count >= 5 }
  }
}
