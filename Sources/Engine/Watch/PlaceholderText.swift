import SQLText

/// A named placeholder in a plugin's query, replaced by a constant of the engine's own.
enum PlaceholderText {
  /// `value` must be the engine's own number, never outside input.
  static func binding(_ name: String, to value: String, in query: SQL) -> SQL {
    query.pieces.reduce(into: SQL(verbatim: "")) { all, piece in
      guard piece.binds.isEmpty else { return all.append(piece) }
      let text = piece.text.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
      all.append(SQL(verbatim: text))
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  package var milliseconds: Int {
    Int(components.seconds) * 1_000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
