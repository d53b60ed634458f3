/// `schema.name`, each part as the catalog spells it.
public struct QualifiedName: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
  public var schema: String
  public var name: String

  public init(_ schema: String, _ name: String) {
    self.schema = schema
    self.name = name
  }

  /// Reads `name`, `schema.name`, `"Odd Schema"."name"`; unquoted parts are folded to lower case as PostgreSQL does.
  /// `nil`: not one or two identifiers.
  public init?(parsing text: String, defaultSchema: String = "public") {
    var parts: [String] = []
    var rest = Substring(text).unicodeScalars
    while true {
      guard let part = QualifiedName.part(&rest), !part.isEmpty else { return nil }
      parts.append(part)
      if rest.isEmpty { break }
      guard rest.first == "." else { return nil }
      rest = rest.dropFirst()
    }
    switch parts.count {
    case 1: self.init(defaultSchema, parts[0])
    case 2: self.init(parts[0], parts[1])
    default: return nil
    }
  }

  /// By scalars: the first character of a name may combine with the quote before it.
  private static func part(_ rest: inout Substring.UnicodeScalarView) -> String? {
    guard rest.first == "\"" else {
      let word = rest.prefix { $0 == "_" || $0 == "$" || $0.properties.isAlphabetic || $0.properties.numericType != nil }
      guard let first = word.first, first.properties.numericType == nil, first != "$" else { return nil }
      rest = rest.dropFirst(word.count)
      return String(Substring(word)).lowercased()
    }
    rest = rest.dropFirst()
    var part = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      if scalar != "\"" {
        part.append(scalar)
      } else if rest.first == "\"" {
        part.append(rest.removeFirst())
      } else {
        return String(part)
      }
    }
    return nil
  }

  public var quoted: String { Quoting.identifier(schema) + "." + Quoting.identifier(name) }

  /// For people: quotes only where the name needs them.
  public var description: String { QualifiedName.readable(schema) + "." + QualifiedName.readable(name) }

  public static func readable(_ name: String) -> String {
    let plain = name.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" }
    return plain && !(name.first?.isNumber ?? true) ? name : Quoting.identifier(name)
  }

  public static func < (a: QualifiedName, b: QualifiedName) -> Bool {
    a.schema == b.schema ? a.name < b.name : a.schema < b.schema
  }
}
