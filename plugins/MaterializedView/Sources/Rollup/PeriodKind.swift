import PluginAPI

/// The type of a column that says when: it decides how a wall-clock time is compared with it.
enum PeriodKind: String, Sendable, Hashable, CaseIterable {
  case date, timestamp, timestamptz

  /// A wall-clock time as a value of the type.
  func value(_ local: String, in zone: String) -> String {
    switch self {
    case .date: "(\(local))::date"
    case .timestamp: "(\(local))"
    case .timestamptz: "((\(local)) AT TIME ZONE \(Quoting.literal(zone)))"
    }
  }

  /// A value of the type as wall-clock time.
  func local(_ value: String, in zone: String) -> String {
    switch self {
    case .date, .timestamp: "(\(value))::timestamp"
    case .timestamptz: "((\(value)) AT TIME ZONE \(Quoting.literal(zone)))"
    }
  }

  /// Asked with functions that take exactly this type, or one that becomes it unasked: a date does for each, a
  /// timestamp for two, so the narrowest that is taken is the type.
  static func of(_ trial: (String) -> String, _ facts: any Facts) async throws -> PeriodKind? {
    for kind in allCases {
      let refused = try await facts.attempt("EXPLAIN (COSTS OFF) " + trial("pg_catalog.\(kind.rawValue)_ge"))
      guard let refused else { return kind }
      if refused.sqlState != "42883" { return nil }
    }
    return nil
  }
}
