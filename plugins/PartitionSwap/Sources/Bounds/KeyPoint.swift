import OnlineDDL
import PluginAPI

/// A place on the key's axis, however it is known.
enum KeyPoint: Sendable, Hashable {
  /// Of the key's type, as the server prints it.
  case value(String)
  /// A date or time without a zone, meant in the step's time zone.
  case local(String)
  /// The database's clock.
  case now

  /// What a person wrote for a bound.
  static func written(_ text: String, for key: PartitionKey, at mark: SourceRange) throws(StepRefusal) -> KeyPoint {
    if key.kind.isNumber {
      guard Int64(text) != nil else {
        throw StepRefusal(
          "partition.bound", "`\(text)` is not a whole number: \(key.column) is of type \(key.type)",
          choices: ["for example 1000000"], at: mark)
      }
      return .value(text)
    }
    guard isLocal(text) else {
      throw StepRefusal(
        "partition.bound", "`\(text)` is not a date or time without an offset: bounds are meant in `timezone`",
        choices: ["for example 2025-01-01", "for example 2025-01-01 06:00"], at: mark)
    }
    return .local(text)
  }

  /// `2025-01-31` or `2025-01-31 06:00[:00]`.
  private static func isLocal(_ text: String) -> Bool {
    text.wholeMatch(of: #/[0-9]{4,6}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?/#) != nil
  }

  /// As a value of the key's type.
  func typed(_ key: PartitionKey, _ zone: String) -> SQL {
    switch (self, key.kind) {
    case (.value(let text), _): key.kind.isNumber ? "\(text)::numeric" : "\(text)::\(sql: key.type)"
    case (.local(let text), .timestamptz): "(\(text)::timestamp AT TIME ZONE \(zone))"
    case (.local(let text), .date): "\(text)::timestamp::date"
    case (.local(let text), _): "\(text)::timestamp"
    case (.now, .timestamptz): "now()"
    case (.now, .date): "(now() AT TIME ZONE \(zone))::date"
    case (.now, _): "(now() AT TIME ZONE \(zone))"
    }
  }

  /// As a local time in the zone.
  func local(_ key: PartitionKey, _ zone: String) -> SQL { KeyPoint.local("\(sql: typed(key, zone))", key, zone) }

  static func local(_ value: SQL, _ key: PartitionKey, _ zone: String) -> SQL {
    switch key.kind {
    case .timestamptz: "(\(sql: value) AT TIME ZONE \(zone))"
    case .date: "\(sql: value)::timestamp"
    default: value
    }
  }
}
