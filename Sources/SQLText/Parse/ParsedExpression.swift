import JSONText

/// What a scalar expression mentions.
public struct ParsedExpression: Sendable, Hashable {
  public let functions: [FunctionCall]
  /// Column names, without the tables before them.
  public let columns: Set<String>
  public let hasSubquery: Bool
}

extension SQLParser {
  /// Reads exactly one scalar expression that may be embedded in SQL between parentheses without changing what is
  /// around it: no closing parenthesis, second expression, clause or statement can slip out of it.
  @discardableResult
  public static func expression(_ text: String) throws(SQLParseError) -> ParsedExpression {
    // Whatever closes a bracket it has not opened fails between the other kind.
    try wrapped(text, in: ("SELECT (", "\n)"))
    let list = try wrapped(text, in: ("SELECT ARRAY[", "\n]"))
    guard let items = list["A_ArrayExpr"]?.list("elements"), items.count == 1, items[0].node("SetToDefault") == nil
    else { throw SQLParseError(message: "one expression is expected", at: .start) }
    let walk = QueryWalk(items[0])
    return ParsedExpression(functions: walk.calls, columns: walk.columns, hasSubquery: walk.hasSubquery)
  }

  public static func checkExpression(_ text: String) throws(SQLParseError) { try expression(text) }

  public static func isExpression(_ text: String) -> Bool { (try? expression(text)) != nil }

  /// The functions a query or expression calls; empty when it cannot be parsed.
  public static func functions(in text: String) -> [FunctionCall] {
    if let found = try? expression(text) { return found.functions }
    return ((try? parse(text)) ?? []).flatMap { QueryWalk(kind: $0.node, body: $0.tree).calls }
  }

  @discardableResult
  private static func wrapped(
    _ text: String, in wrap: (open: String, close: String)
  ) throws(SQLParseError) -> JSON {
    let statements: [ParsedStatement]
    do throws(SQLParseError) { statements = try parse(wrap.open + text + wrap.close) } catch {
      let place = SourcePosition.character(error.offset - wrap.open.unicodeScalars.count, of: text)
      throw SQLParseError(message: error.message, at: place)
    }
    let target = statements.first?.tree.list("targetList").first?["ResTarget"]
    let clauses = ["targetList", "limitOption", "op"]
    guard statements.count == 1, let only = statements.first, only.node == "SelectStmt",
      only.tree.list("targetList").count == 1, target?["name"] == nil, let value = target?["val"],
      only.tree.object?.members.allSatisfy({ clauses.contains($0.key) }) ?? false
    else { throw SQLParseError(message: "one expression is expected", at: .start) }
    return value
  }
}
