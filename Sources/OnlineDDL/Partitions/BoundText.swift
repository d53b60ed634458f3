/// Reads what `pg_get_expr(relpartbound)` prints (`get_rule_partbound` of ruleutils.c): constants without type labels,
/// quoted unless they are plain numbers or booleans.
package struct BoundText {
  package enum Outcome: Hashable {
    case bound(LeafBound)
    /// A range over several columns: one edge is a tuple.
    case severalColumns
    case unreadable
  }

  /// Scalars, since a combining mark after a quote would make one character of both.
  private var rest: ArraySlice<Unicode.Scalar>

  package static func read(_ text: String) -> Outcome {
    if text == "DEFAULT" { return .bound(.default) }
    var reader = BoundText(rest: ArraySlice(text.unicodeScalars))
    return reader.bound() ?? .unreadable
  }

  private mutating func bound() -> Outcome? {
    guard skip("FOR VALUES ") else { return nil }
    if skip("FROM ") {
      guard let from = list(), skip(" TO "), let to = list(), rest.isEmpty else { return nil }
      guard from.count == 1, to.count == 1 else { return .severalColumns }
      return .bound(.range(from: from[0].edge, to: to[0].edge))
    }
    if skip("IN ") {
      guard let values = list(), rest.isEmpty else { return nil }
      return .bound(.list(values.map(\.value)))
    }
    guard skip("WITH (modulus "), let modulus = number(), skip(", remainder "), let remainder = number(), skip(")"),
      rest.isEmpty
    else { return nil }
    return .bound(.hash(modulus: modulus, remainder: remainder))
  }

  private enum Item {
    case word(String), quoted(String)

    package var edge: BoundEdge {
      switch self {
      case .word("MINVALUE"): .minimum
      case .word("MAXVALUE"): .maximum
      case .word(let text), .quoted(let text): .value(text)
      }
    }

    package var value: String? {
      switch self {
      case .word("NULL"): nil
      case .word(let text), .quoted(let text): text
      }
    }
  }

  private mutating func list() -> [Item]? {
    guard skip("(") else { return nil }
    var items: [Item] = []
    repeat {
      guard let item = item() else { return nil }
      items.append(item)
    } while skip(", ")
    return skip(")") ? items : nil
  }

  private mutating func item() -> Item? {
    if skip("B'") || skip("'") { return quoted().map { .quoted($0) } }
    let word = rest.prefix { $0 != "," && $0 != ")" }
    guard !word.isEmpty else { return nil }
    rest = rest.dropFirst(word.count)
    return .word(BoundText.string(word))
  }

  /// A backslash is nothing special: standard_conforming_strings is pinned.
  private mutating func quoted() -> String? {
    var text = ""
    while let letter = rest.popFirst() {
      if letter == "'" {
        guard rest.first == "'" else { return text }
        rest.removeFirst()
      }
      text.unicodeScalars.append(letter)
    }
    return nil
  }

  private mutating func number() -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest = rest.dropFirst(digits.count)
    return Int(BoundText.string(digits))
  }

  private mutating func skip(_ word: String) -> Bool {
    guard rest.starts(with: word.unicodeScalars) else { return false }
    rest = rest.dropFirst(word.unicodeScalars.count)
    return true
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
  }
}
