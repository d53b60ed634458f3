import FoundationEssentials
public import JSONText

extension JSON {
  /// A Codable value as JSON: what a step hands from phase to phase.
  public init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    self = try JSON(parsing: String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// The value that was encoded so.
  public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
