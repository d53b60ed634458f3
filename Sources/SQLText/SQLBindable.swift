public import JSONText

/// A value with a PostgreSQL text representation.
public protocol SQLBindable: Sendable {
  /// `nil` is NULL.
  var sqlText: String? { get }
}

extension String: SQLBindable { public var sqlText: String? { self } }
extension Int: SQLBindable { public var sqlText: String? { String(self) } }
extension Int32: SQLBindable { public var sqlText: String? { String(self) } }
extension Int64: SQLBindable { public var sqlText: String? { String(self) } }
extension Double: SQLBindable { public var sqlText: String? { "\(self)" } }
extension Bool: SQLBindable { public var sqlText: String? { self ? "t" : "f" } }
extension JSON: SQLBindable { public var sqlText: String? { text } }
extension QualifiedName: SQLBindable { public var sqlText: String? { quoted } }
extension Optional: SQLBindable where Wrapped: SQLBindable { public var sqlText: String? { self?.sqlText } }

/// A PostgreSQL array literal of its elements' texts.
extension Array: SQLBindable where Element: SQLBindable {
  public var sqlText: String? {
    let items = map { item -> String in
      guard let text = item.sqlText else { return "NULL" }
      var quoted = "\""
      for character in text.unicodeScalars {
        if character == "\"" || character == "\\" { quoted += "\\" }
        quoted.unicodeScalars.append(character)
      }
      return quoted + "\""
    }
    return "{" + items.joined(separator: ",") + "}"
  }
}
