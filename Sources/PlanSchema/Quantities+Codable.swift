/// A quantity that is stored as a person writes it: programs in the journal are read by people too.
public protocol TextCoded: Codable, CustomStringConvertible {
  init(text: String) throws
}

extension TextCoded {
  public init(from decoder: any Decoder) throws {
    try self.init(text: try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension TimeSpan: TextCoded {
  public init(text: String) throws { try self.init(parsing: text) }
}

extension ByteSize: TextCoded {
  public init(text: String) throws { try self.init(parsing: text) }
}

extension CalendarInterval: TextCoded {
  public init(text: String) throws { try self.init(parsing: text) }
}
