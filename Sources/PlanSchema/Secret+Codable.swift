extension Secret: Codable {
  /// Written as a plan writes it: references, never what they stand for.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    func refuse(_ message: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: message))
    }
    let parsed: ReferenceText
    do { parsed = try ReferenceText(parsing: text) } catch { throw refuse(error.message) }
    self.init(
      try parsed.segments.map { segment in
        switch segment {
        case .text(let text): .text(text)
        case .environment(let name): .environment(name)
        case .file(let path): .file(path)
        case .variable(let name): throw refuse("`${\(name)}` has no value here")
        }
      })
  }

  public func encode(to encoder: any Encoder) throws {
    var single = encoder.singleValueContainer()
    try single.encode(description)
  }
}
