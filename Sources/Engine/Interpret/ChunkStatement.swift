import JSONText
package import SQLText

/// A chunk's statement with `$cursor`, `$size` and `$slice` where the engine binds them.
package struct ChunkStatement: Sendable {
  private enum Piece {
    case text(String), cursor, size, slice
    /// A value that the statement itself binds.
    case bound(SQL)
  }
  private let pieces: [Piece]

  package init(_ statement: SQL) {
    pieces = statement.pieces.flatMap { $0.binds.isEmpty ? ChunkStatement.split($0.text) : [.bound($0)] }
  }

  package func sql(cursor: String?, size: Int, slice: String?) -> SQL {
    pieces.reduce(into: SQL(verbatim: "")) { sql, piece in
      switch piece {
      case .text(let text): sql.append(SQL(verbatim: text))
      case .bound(let value): sql.append(value)
      case .cursor: sql.append("\(optional: cursor)::jsonb")
      case .size: sql.append("\(size)::bigint")
      case .slice: sql.append("\(optional: slice)::jsonb")
      }
    }
  }

  /// `$cursor$` opens a dollar-quoted string and is left alone.
  private static func split(_ text: String) -> [Piece] {
    let names: [(String, Piece)] = [("$cursor", .cursor), ("$size", .size), ("$slice", .slice)]
    var pieces: [Piece] = []
    var plain = ""
    var rest = Substring(text)
    // From one dollar to the next: statements may be long, and are taken apart for every chunk.
    while let place = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
      plain += rest[..<place]
      rest = rest[place...]
      if let (name, piece) = names.first(where: { rest.hasPrefix($0.0) }),
        !continues(rest.dropFirst(name.count).first)
      {
        pieces += plain.isEmpty ? [piece] : [.text(plain), piece]
        plain = ""
        rest = rest.dropFirst(name.count)
      } else {
        plain.append("$")
        rest = rest.dropFirst()
      }
    }
    plain += rest
    return plain.isEmpty ? pieces : pieces + [.text(plain)]
  }

  private static func continues(_ next: Character?) -> Bool {
    guard let next else { return false }
    return next == "$" || next == "_" || next.isLetter || next.isNumber
  }
}
