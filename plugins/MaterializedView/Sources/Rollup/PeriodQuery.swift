import JSONText
import PlanSchema
import PluginAPI

/// A query in which `$period(column)` says which rows of its tables a period needs.
struct PeriodQuery: ParameterValue, Hashable {
  enum Piece: Hashable, Sendable {
    case text(String)
    /// What stands between the parentheses.
    case period(String)
  }

  static let marker = "$period("

  var text: String
  var pieces: [Piece]

  var columns: [String] { pieces.compactMap { if case .period(let column) = $0 { column } else { nil } } }

  static var shape: Shape { SQLStatement.shape }

  static func read(_ node: Node, _ report: inout Diagnostics) -> PeriodQuery? {
    guard let statement = SQLStatement.read(node, &report) else { return nil }
    guard let pieces = split(statement.text) else {
      report.error(
        "rollup.query", "`$period(` is never closed", at: node.range, hint: "write $period(occurred_at)")
      return nil
    }
    let query = PeriodQuery(text: statement.text, pieces: pieces)
    do {
      let parsed = try SQLParser.parseOne(query.expanded { "(\($0)) IS NOT NULL" })
      guard parsed.node == "SelectStmt" else {
        report.error("rollup.query", "a rollup is the result of a SELECT", at: node.range)
        return nil
      }
      return PeriodQuery(text: statement.text, pieces: split(trimmed(statement.text)) ?? pieces)
    } catch {
      report.error("rollup.query", "the query cannot be read: \(error.message)", at: node.range)
      return nil
    }
  }

  var json: JSON { .string(ReferenceText.escape(text)) }

  /// The text with each `$period(…)` replaced.
  func expanded(_ condition: (String) -> String) -> String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .period(let column): condition(column)
      }
    }.joined()
  }

  /// Without what would end it too early inside parentheses.
  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while let last = text.last, last.isWhitespace || last == ";" { text = text.dropLast() }
    return String(text)
  }

  /// `nil`: a marker without its closing parenthesis.
  private static func split(_ text: String) -> [Piece]? {
    var pieces: [Piece] = []
    var rest = Substring(text)
    while let marker = rest.firstRange(of: marker) {
      pieces.append(.text(String(rest[..<marker.lowerBound])))
      rest = rest[marker.upperBound...]
      guard let end = closing(rest) else { return nil }
      pieces.append(.period(String(rest[..<end])))
      rest = rest[end...].dropFirst()
    }
    return pieces + [.text(String(rest))]
  }

  private static func closing(_ text: Substring) -> Substring.Index? {
    var depth = 0
    var quote: Character?
    for place in text.indices {
      let character = text[place]
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == "(" {
        depth += 1
      } else if character == ")" {
        if depth == 0 { return place }
        depth -= 1
      }
    }
    return nil
  }
}
