extension Secret: Codable {
  /// Written as a plan writes it: references, never what they stand for.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    do { try self.init(parsing: text) } catch {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.message))
    }
  }

  /// Reads what `description` wrote.
  package init(parsing text: String) throws(ReferenceText.Malformed) {
    var segments: [Segment] = []
    for segment in try ReferenceText(parsing: text).segments {
      switch segment {
      case .text(let text): segments.append(.text(text))
      case .environment(let name): segments.append(.environment(name))
      case .file(let path): segments.append(.file(path))
      case .privateVariable(let reference): segments.append(.privateVariable(reference))
      case .variable(let name):
        throw ReferenceText.Malformed(message: "`${\(name)}` has no value here", hint: "give it one")
      }
    }
    self.init(segments)
  }

  public func encode(to encoder: any Encoder) throws {
    var single = encoder.singleValueContainer()
    try single.encode(description)
  }
}
