import FoundationEssentials
import JSONText

/// Through an encoder and back, without caring for bytes.
enum JSONBox {
  static func encode(_ value: some Encodable) throws -> JSON {
    try JSON(parsing: String(decoding: JSONEncoder().encode(value), as: UTF8.self))
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ json: JSON) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(json.text.utf8))
  }
}
