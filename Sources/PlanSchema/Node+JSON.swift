public import JSONText
public import YAMLTree

extension Node {
  /// A tree that reads like the plan the JSON was frozen from; it has no places.
  public init(json: JSON, range: SourceRange = .nowhere) {
    func scalar(_ text: String) -> Node { Node(.scalar(text, .plain), range: range) }
    switch json {
    case .null: self = scalar("null")
    case .bool(let value): self = scalar(value ? "true" : "false")
    case .int(let value): self = scalar(String(value))
    case .double(let value): self = scalar("\(value)")
    case .string(let text): self.init(.scalar(text, .doubleQuoted), range: range)
    case .array(let items): self.init(.sequence(items.map { Node(json: $0, range: range) }), range: range)
    case .object(let object):
      let pairs = object.members.map { member in
        Pair(
          key: Node(.scalar(member.key, .doubleQuoted), range: range), value: Node(json: member.value, range: range))
      }
      self.init(.mapping(pairs), range: range)
    }
  }

  /// The value itself, without places and styles.
  public var json: JSON {
    switch kind {
    case .sequence(let items): .array(items.map(\.json))
    case .mapping(let pairs):
      .object(JSONObject(pairs.map { ($0.key.text ?? "", $0.value.json) }))
    case .scalar(let text, _):
      switch resolved {
      case .null: .null
      case .boolean(let value): .bool(value)
      case .integer(let value): .int(value)
      case .float(let value) where value.isFinite: .double(value)
      default: .string(text)
      }
    }
  }
}
