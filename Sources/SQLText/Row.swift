/// One row of a result in PostgreSQL's text format.
public struct Row: Sendable, Hashable {
  public let columns: [String]
  public let values: [String?]

  public init(columns: [String], values: [String?]) {
    self.columns = columns
    self.values = values
  }

  /// `nil` for NULL and for a column the result does not have.
  public subscript(column: String) -> String? {
    guard let place = columns.firstIndex(of: column) else { return nil }
    return values[place]
  }

  public subscript(place: Int) -> String? { values.indices.contains(place) ? values[place] : nil }

  public func string(_ column: String) throws(RowError) -> String {
    guard let text = self[column] else { throw RowError(column: column, wanted: "text", found: nil) }
    return text
  }

  public func int(_ column: String) throws(RowError) -> Int { try read(column, "an integer", Int.init) }
  public func int64(_ column: String) throws(RowError) -> Int64 { try read(column, "an integer") { Int64($0) } }
  public func double(_ column: String) throws(RowError) -> Double { try read(column, "a number", Double.init) }

  public func bool(_ column: String) throws(RowError) -> Bool {
    try read(column, "a boolean") { $0 == "t" || $0 == "true" ? true : $0 == "f" || $0 == "false" ? false : nil }
  }

  /// Elements of a one-dimensional array; NULL is an empty list.
  public func strings(_ column: String) throws(RowError) -> [String] {
    guard let text = self[column] else { return [] }
    guard let items = ArrayText.items(text) else { throw RowError(column: column, wanted: "an array", found: text) }
    return items.compactMap { $0 }
  }

  private func read<Value>(_ column: String, _ wanted: String, _ parse: (String) -> Value?) throws(RowError) -> Value {
    guard let text = self[column], let value = parse(text) else {
      throw RowError(column: column, wanted: wanted, found: self[column])
    }
    return value
  }
}

/// A result that has not the shape the query promised.
public struct RowError: Error, Sendable, CustomStringConvertible {
  public let column: String
  public let wanted: String
  let found: String?
  public var description: String { "column \(column): \(wanted) expected, \(found == nil ? "NULL" : "other text") found" }
}

/// PostgreSQL's array output format, one dimension (documentation section 8.15.6).
enum ArrayText {
  static func items(_ text: String) -> [String?]? {
    guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
    var items: [String?] = []
    var item = "", quoted = false, inside = false, escaped = false
    for character in text.dropFirst().dropLast() {
      if escaped {
        item.append(character)
        escaped = false
      } else if character == "\\" {
        escaped = true
      } else if character == "\"" {
        inside.toggle()
        quoted = true
      } else if character == ",", !inside {
        items.append(quoted || item != "NULL" ? item : nil)
        (item, quoted) = ("", false)
      } else {
        item.append(character)
      }
    }
    if text.utf8.count > 2 { items.append(quoted || item != "NULL" ? item : nil) }
    return items
  }
}
