/// A place in a text; characters are Unicode scalars, as PostgreSQL counts them.
public struct SourcePosition: Sendable, Hashable, Comparable {
  /// Characters before it.
  public var offset: Int
  /// From 1.
  public var line: Int
  /// From 1.
  public var column: Int

  public static let start = SourcePosition(offset: 0, line: 1, column: 1)

  public init(offset: Int, line: Int, column: Int) {
    self.offset = offset
    self.line = line
    self.column = column
  }

  public static func < (a: SourcePosition, b: SourcePosition) -> Bool { a.offset < b.offset }

  /// The place `count` characters into `text`.
  static func character(_ count: Int, of text: String) -> SourcePosition {
    text.unicodeScalars.prefix(max(0, count)).reduce(into: .start) { place, scalar in
      place.pass(newline: scalar == "\n")
    }
  }

  mutating func pass(newline: Bool) {
    offset += 1
    if newline {
      line += 1
      column = 1
    } else {
      column += 1
    }
  }

  /// The same place in a text that continues this one.
  func followed(by inner: SourcePosition) -> SourcePosition {
    SourcePosition(
      offset: offset + inner.offset, line: line + inner.line - 1,
      column: inner.line == 1 ? column + inner.column - 1 : inner.column)
  }
}

/// SQL that PostgreSQL 15's grammar does not accept. On a newer server it may still be right.
public struct SQLParseError: Error, Sendable, Hashable, CustomStringConvertible {
  /// PostgreSQL's own words.
  public let message: String
  public let position: SourcePosition

  public init(message: String, at position: SourcePosition) {
    self.message = message
    self.position = position
  }

  /// Characters from the start of the text.
  public var offset: Int { position.offset }
  public var line: Int { position.line }
  public var column: Int { position.column }

  public var description: String { "line \(line), column \(column): \(message)" }
}
