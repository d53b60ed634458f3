import JSONText
import PlanSchema
import PluginAPI

/// The query of a view, with what the grammar says about it.
struct ViewQuery: Sendable {
  let text: String
  /// `nil`: the grammar is older than the server and does not know it.
  let parsed: ParsedStatement?
  let range: SourceRange

  /// Every session is pinned to run without compilation to machine code; a query of hours may gain by it, so the server,
  /// the database or the role decides.
  static let serversCompilation: SQL = "SET LOCAL jit TO DEFAULT"

  /// Reads it from the plan or its file.
  static func read(_ wanted: MatviewCreate.Parameters, _ facts: any Facts) async throws -> (ViewQuery, [Finding]) {
    let range = wanted.queryFile == nil ? wanted.$query : wanted.$queryFile
    let source: String
    if let file = wanted.queryFile {
      source = try await facts.file(file.path)
    } else {
      source = wanted.query?.text ?? ""
    }
    let text = source.trimmedStatement
    do {
      let parsed = try SQLParser.parseOne(text)
      guard parsed.node == "SelectStmt", parsed.isReadOnly else {
        throw StepRefusal(
          "matview.query", "a materialized view holds the rows of a query that only reads",
          choices: ["write one SELECT"], at: range)
      }
      return (ViewQuery(text: text, parsed: parsed, range: range), [])
    } catch let error as SQLParseError {
      let what = "line \(error.line), column \(error.column) of the query: \(error.message)"
      guard facts.capabilities.major > ViewQuery.grammar else {
        throw StepRefusal("sql.syntax", what, choices: ["correct the query"], at: range)
      }
      return (
        ViewQuery(text: text, parsed: nil, range: range),
        [.warning(
          "matview.not_linted",
          "the grammar of PostgreSQL \(ViewQuery.grammar) cannot read the query (\(what)): only the server checks it",
          choices: ["look for joins that multiply rows under aggregates yourself"], at: range)]
      )
    }
  }

  /// The major version of the grammar that `SQLParser` has.
  static let grammar = 15

  /// Relations it reads by name.
  var relations: [QualifiedName] {
    guard let parsed else { return [] }
    var seen: [QualifiedName] = []
    for use in QueryWalk(kind: parsed.node, body: parsed.tree).uses where !seen.contains(use.relation) {
      seen.append(use.relation)
    }
    return seen
  }

  /// Whether both are one query but for blanks and comments.
  func says(what other: String) -> Bool {
    if text == other.trimmedStatement { return true }
    guard let parsed, let other = try? SQLParser.parseOne(other) else { return false }
    return parsed.tree.placeless == other.tree.placeless
  }
}

extension JSON {
  /// A parse tree without the places of its nodes.
  fileprivate var placeless: JSON {
    switch self {
    case .array(let items): .array(items.map(\.placeless))
    case .object(let object):
      .object(JSONObject(object.members.filter { $0.key != "location" }.map { ($0.key, $0.value.placeless) }))
    default: self
    }
  }
}

extension String {
  /// Without blanks around it and the semicolon behind it.
  var trimmedStatement: String {
    var text = Substring(self)
    while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
    return String(text.drop(while: \.isWhitespace))
  }
}
