/// `7 years 2 days`, `10min`: numbers with units, as PostgreSQL users write them.
struct Quantity {
  var number: Substring
  var unit: Substring

  /// `nil`: not a sequence of unsigned numbers each followed by a word.
  static func parse(_ text: String) -> [Quantity]? {
    var rest = text[...]
    var out: [Quantity] = []
    while true {
      rest = rest.drop { $0 == " " }
      if rest.isEmpty { break }
      let number = rest.prefix { isDigit($0) || $0 == "." }
      guard let first = number.first, isDigit(first), number.filter({ $0 == "." }).count <= 1, number.last != "." else {
        return nil
      }
      rest = rest[number.endIndex...].drop { $0 == " " }
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest[unit.endIndex...]
      out.append(Quantity(number: number, unit: unit))
    }
    return out.isEmpty ? nil : out
  }

  /// The number times `factor`, exactly; `nil`: too large or not a whole result.
  func times(_ factor: Int64) -> Int64? {
    let parts = number.split(separator: ".")
    guard let whole = parts.first.flatMap({ Int64($0) }) else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    guard parts.count == 2 else { return scaled }
    guard parts[1].count <= 6, let fraction = Int64(parts[1]) else { return nil }
    let power = (0..<parts[1].count).reduce(Int64(1)) { value, _ in value * 10 }
    let (product, tooLarge) = fraction.multipliedReportingOverflow(by: factor)
    guard !tooLarge, product % power == 0 else { return nil }
    let (sum, over) = scaled.addingReportingOverflow(product / power)
    return over ? nil : sum
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}

extension Sequence<Int64?> {
  /// The sum, or `nil` when a term is missing or it is too large.
  var checkedSum: Int64? {
    reduce(Int64?.some(0)) { total, term in
      guard let total, let term else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(term)
      return overflow ? nil : sum
    }
  }
}
