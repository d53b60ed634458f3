/// Which rows a rehearsal takes along; small tables are taken whole.
package enum RowChoice: Sendable, Hashable, CustomStringConvertible {
  case percent(Double)
  /// So many of each table.
  case first(Int)

  /// `10%` or `10`.
  package init?(percent text: String) {
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard let value = Double(digits), value > 0, value <= 100 else { return nil }
    self = .percent(value)
  }

  package var description: String {
    switch self {
    case .percent(let value): "\(value == value.rounded() ? String(Int(value)) : String(value))% of the rows"
    case .first(let count): "\(count) rows of each table"
    }
  }
}
