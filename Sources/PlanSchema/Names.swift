public import JSONText
public import SQLText
public import YAMLTree

extension QualifiedName: ParameterValue {
  public static var shape: Shape { .named("name") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> QualifiedName? {
    guard let text = report.text(node, wanted: "a name") else { return nil }
    guard let name = QualifiedName(parsing: text) else {
      report.error(
        "value.name", "`\(text)` is not `name` or `schema.name`", at: node.range,
        hint: "quote unusual names as in SQL: '\"Odd Name\"'")
      return nil
    }
    for part in [name.schema, name.name] where part.utf8.count > 63 {
      report.error(
        "value.name", "`\(part)` has \(part.utf8.count) bytes: PostgreSQL keeps 63", at: node.range)
      return nil
    }
    return name
  }

  public var json: JSON { .string(ReferenceText.escape(description)) }
}

/// One identifier: a column, a role, a constraint.
public struct Identifier: ParameterValue, Hashable, Codable, CustomStringConvertible {
  /// As the catalog spells it.
  public var name: String

  public init(_ name: String) { self.name = name }

  public var description: String { QualifiedName.readable(name) }

  public static var shape: Shape { .named("identifier") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> Identifier? {
    guard let text = report.text(node, wanted: "a name") else { return nil }
    // With a schema put before it, one identifier is exactly what parses.
    guard let name = QualifiedName(parsing: "s." + text)?.name, name.utf8.count <= 63 else {
      report.error(
        "value.name", "`\(text)` is not one identifier of at most 63 bytes", at: node.range,
        hint: "quote unusual names as in SQL: '\"Odd Name\"'")
      return nil
    }
    return Identifier(name)
  }

  public var json: JSON { .string(ReferenceText.escape(description)) }
}

/// An SQL expression as written; parsers look at it later.
public struct SQLExpression: ParameterValue, Hashable, Codable, CustomStringConvertible {
  public var text: String

  public init(_ text: String) { self.text = text }

  public var description: String { text }

  public static var shape: Shape { .named("sql") }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> SQLExpression? {
    report.sql(node, wanted: "an SQL expression").map(SQLExpression.init)
  }
  public var json: JSON { .string(ReferenceText.escape(text)) }
}

/// One or more SQL statements as written; parsers look at them later.
public struct SQLStatement: ParameterValue, Hashable, Codable, CustomStringConvertible {
  public var text: String

  public init(_ text: String) { self.text = text }

  public var description: String { text }

  public static var shape: Shape { .named("sql statement") }
  public static func read(_ node: Node, _ report: inout Diagnostics) -> SQLStatement? {
    report.sql(node, wanted: "an SQL statement").map(SQLStatement.init)
  }
  public var json: JSON { .string(ReferenceText.escape(text)) }
}

extension Diagnostics {
  fileprivate mutating func sql(_ node: Node, wanted: String) -> String? {
    guard let text = text(node, wanted: wanted, booleans: true) else { return nil }
    if text.allSatisfy(\.isWhitespace) {
      error("value.missing", "\(wanted) is expected, not blanks", at: node.range)
      return nil
    }
    return text
  }
}
