package import JSONText

extension Shape {
  /// A frozen value of this shape without the keys in which environments may differ, at whatever depth they stand.
  package func withoutTuning(_ json: JSON) -> JSON {
    switch (self, json) {
    case (.object(let fields), .object(let object)):
      let known = Dictionary(fields.map { ($0.key, $0.field) }, uniquingKeysWith: { first, _ in first })
      return .object(JSONObject(object.members.compactMap { member in
        guard let field = known[member.key] else { return (member.key, member.value) }
        return field.tuning ? nil : (member.key, field.shape.withoutTuning(member.value))
      }))
    case (.list(let item), .array(let items)): return .array(items.map(item.withoutTuning))
    case (.map(let value), .object(let object)):
      return .object(JSONObject(object.members.map { ($0.key, value.withoutTuning($0.value)) }))
    case (.oneOf(let shapes), _):
      // Which of two mappings was meant is not known here: then nothing is left out.
      let fitting = shapes.filter { $0.mayHold(json) }
      return fitting.count == 1 ? fitting[0].withoutTuning(json) : json
    default: return json
    }
  }

  private func mayHold(_ json: JSON) -> Bool {
    switch (self, json) {
    case (.object, .object), (.map, .object), (.list, .array), (.any, _): true
    case (.oneOf(let shapes), _): shapes.contains { $0.mayHold(json) }
    default: false
    }
  }
}
