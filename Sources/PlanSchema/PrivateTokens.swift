package import JSONText

/// The tokens that stand for the values of private variables.
package enum PrivateTokens {
  /// The same value for whatever the private variables stand for.
  package static func removed(from json: JSON) -> JSON {
    switch json {
    case .array(let items): .array(items.map(removed))
    case .object(let object): .object(JSONObject(object.members.map { ($0.key, removed(from: $0.value)) }))
    case .string(let text): .string(removed(from: text))
    default: json
    }
  }

  private static func removed(from text: String) -> String {
    guard text.contains("${private:"), let parsed = try? ReferenceText(parsing: text) else { return text }
    let segments = parsed.segments.map { segment -> ReferenceText.Segment in
      guard case .privateVariable(let reference) = segment else { return segment }
      return .privateVariable(PrivateReference(reference.name))
    }
    return ReferenceText(segments).source
  }
}
