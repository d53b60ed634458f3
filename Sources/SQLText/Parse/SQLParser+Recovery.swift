extension SQLParser {
  /// What can be read of a text in which some statements cannot: one error does not hide the rest.
  package static func parseEach(_ text: String) -> (statements: [ParsedStatement], errors: [SQLParseError]) {
    do throws(SQLParseError) { return (try parse(text), []) } catch {
      let slices = split(text)
      guard slices.count > 1 else { return ([], [error]) }
      var statements: [ParsedStatement] = []
      var errors: [SQLParseError] = []
      for slice in slices {
        do throws(SQLParseError) {
          statements += try parse(slice.text).map { $0.moved(behind: slice.position) }
        } catch {
          errors.append(SQLParseError(message: error.message, at: slice.position.followed(by: error.position)))
        }
      }
      return (statements, errors.isEmpty ? [error] : errors)
    }
  }

  private static func split(_ text: String) -> [(text: String, position: SourcePosition)] {
    var text = text
    return text.withUTF8 { bytes in
      var lexer = TokenBounds(bytes: bytes, place: 0, end: bytes.count)
      var source = SourceReader(bytes: bytes)
      return lexer.statements().map { range in
        let slice = source.slice(from: range.lowerBound, to: range.upperBound)
        return (slice.text, slice.position)
      }.filter { !$0.text.isEmpty }
    }
  }

  /// Puts `$1`, `$2`, … of the same length in place of named parameters such as `$cursor`, which are not SQL.
  public static func numbering(_ names: [String], in text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var pieces = text.split(separator: "$", omittingEmptySubsequences: false)
    for place in pieces.indices.dropFirst() {
      let word = pieces[place].prefix { $0 == "_" || $0.isLetter || $0.isNumber }
      guard let number = names.firstIndex(of: String(word)) else { continue }
      let stand = String(number + 1)
      let padding = String(repeating: " ", count: max(0, word.count - stand.count))
      pieces[place] = Substring(stand + padding + pieces[place].dropFirst(word.count))
    }
    return pieces.joined(separator: "$")
  }
}
