/// A place in a text: lines and columns count from 1, columns and offsets in characters (Unicode scalars).
public struct Mark: Sendable, Hashable, Comparable {
  public var line: Int
  public var column: Int
  public var offset: Int

  public init(line: Int, column: Int, offset: Int) {
    self.line = line
    self.column = column
    self.offset = offset
  }

  public static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// From `start` up to, not including, `end`.
public struct SourceRange: Sendable, Hashable, CustomStringConvertible {
  public var file: String
  public var start: Mark
  public var end: Mark

  public init(file: String, start: Mark, end: Mark) {
    self.file = file
    self.start = start
    self.end = end
  }

  /// For values no text was read for: a frozen specification, a default.
  public static let nowhere = SourceRange(
    file: "", start: Mark(line: 0, column: 0, offset: 0), end: Mark(line: 0, column: 0, offset: 0))

  /// The first character of a file, for what concerns all of it.
  public static func beginning(of file: String) -> SourceRange {
    let mark = Mark(line: 1, column: 1, offset: 0)
    return SourceRange(file: file, start: mark, end: mark)
  }

  public var isNowhere: Bool { start.line == 0 }

  /// `file:line:column`, the form editors and terminals make a link of.
  public var description: String { isNowhere ? file : "\(file):\(start.line):\(start.column)" }
}
