public import JSONText

/// One statement as PostgreSQL's grammar reads it; what it does to others is derived from the tree.
public struct ParsedStatement: Sendable, Hashable {
  /// The source, from its first token to its last, without the semicolon.
  public let text: String
  /// Where `text` begins in the source that was parsed.
  public private(set) var position: SourcePosition
  /// The kind of the root node, for example `IndexStmt`.
  public let node: String
  /// The members of the root node, named as in PostgreSQL's `parsenodes.h`.
  public let tree: JSON
  /// The byte where `text` begins; the tree's `location` members count from the start of the source.
  let start: Int

  /// Characters from the start of the source.
  public var offset: Int { position.offset }
  public var line: Int { position.line }

  init?(_ raw: JSON, _ source: inout SourceReader) {
    guard let root = raw["stmt"]?.syntaxNode else { return nil }
    let from = Int(raw["stmt_location"]?.int ?? 0)
    let length = raw["stmt_len"]?.int.map(Int.init) ?? source.bytes.count - from
    (text, start, position) = source.slice(from: from, to: from + length)
    (node, tree) = root
  }

  /// The statement inside another one (`EXPLAIN`, `PREPARE`, `DECLARE`), at the same place.
  init(_ inner: (kind: String, body: JSON), inside outer: ParsedStatement) {
    (text, position, start) = (outer.text, outer.position, outer.start)
    (node, tree) = inner
  }

  /// The same statement in a source that has something before it.
  func moved(behind place: SourcePosition) -> ParsedStatement {
    var moved = self
    moved.position = place.followed(by: position)
    return moved
  }

  /// Identifiers that PostgreSQL will cut to 63 bytes (the tree holds them cut already).
  package var longIdentifiers: [String] {
    var text = text
    return text.withUTF8 { bytes in
      var lexer = TokenBounds(bytes: bytes, place: 0, end: bytes.count)
      return lexer.identifiers(longerThan: Quoting.longestIdentifier)
    }
  }

  /// The place in the source that a `location` member means.
  package func position(of location: JSON?) -> SourcePosition {
    guard let byte = location?.int.map({ Int($0) }), byte > start else { return position }
    let before = String(decoding: text.utf8.prefix(byte - start), as: UTF8.self)
    return position.followed(by: .character(before.unicodeScalars.count, of: before))
  }
}
