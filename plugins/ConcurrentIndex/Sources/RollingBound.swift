import PluginAPI

/// Where the index begins now, by the database's clock.
struct RollingBound: Sendable {
  /// A constant of the column's type: `'2026-11-02 00:00:00+00'::timestamptz`.
  let literal: String
  /// For the name: `20261102`, with the hour when bounds are cut within days.
  let digits: String

  enum Outcome {
    case found(RollingBound)
    case refused(Finding)
  }

  static func compute(
    _ wanted: IndexRolling.Parameters, on table: RelationFacts, _ facts: any Facts
  ) async throws -> Outcome {
    guard let column = table.column(wanted.column.name) else {
      let near = Spelling.nearest(to: wanted.column.name, in: table.columns.map(\.name))
      return .refused(.refusal(
        "index.column", "\(table.name) has no column \(wanted.column)" + (near.map { "; did you mean \($0)?" } ?? ""),
        choices: near.map { ["column: \($0)"] } ?? ["name a date or timestamp column"], at: wanted.$column))
    }
    guard let kind = Kind(type: column.type) else {
      return .refused(.refusal(
        "index.column", "\(column.name) is of type \(column.type): a bound needs a date or timestamp",
        choices: ["name a date or timestamp column"], at: wanted.$column))
    }
    guard kind != .date || wanted.every.milliseconds == 0 else {
      return .refused(.refusal(
        "index.column", "\(column.name) is a date: its bound moves by whole days", choices: ["every: 1 day"],
        at: wanted.$every))
    }
    if let refused = try await facts.attempt(
      "SELECT now() AT TIME ZONE \(Quoting.literal(wanted.timezone))")
    {
      return .refused(.refusal(
        "index.timezone", "the server does not know time zone `\(wanted.timezone)` (\(refused.sqlState))",
        choices: ["timezone: UTC", "a name of pg_timezone_names"], at: wanted.$timezone))
    }
    let row = try await facts.rows(query(wanted)).first
    guard let row else { return .refused(.refusal("index.timezone", "no clock", choices: [], at: wanted.$timezone)) }
    return .found(RollingBound(
      literal: Quoting.literal(try row.string(kind.rawValue)) + "::" + kind.type,
      digits: try row.string(wanted.every.milliseconds == 0 ? "day_digits" : "hour_digits")))
  }

  private enum Kind: String {
    case date = "as_date"
    case local = "as_local"
    case zoned = "as_zoned"

    init?(type: String) {
      if type == "date" {
        self = .date
      } else if type.hasPrefix("timestamp") {
        self = type.hasSuffix("with time zone") ? .zoned : .local
      } else {
        return nil
      }
    }

    var type: String {
      switch self {
      case .date: "date"
      case .local: "timestamp"
      case .zoned: "timestamptz"
      }
    }
  }

  /// Days and hours are cut from a Monday on, months from January.
  private static func query(_ wanted: IndexRolling.Parameters) -> SQL {
    let months = wanted.every.months
    let cut: SQL = months > 0
      ? """
        date_trunc('month', s.start) - ((extract(year FROM s.start)::int * 12 + extract(month FROM s.start)::int - 1)
          % \(sql: String(months))) * interval '1 month'
        """
      : "date_bin(\(wanted.every.description)::interval, s.start, timestamp '2001-01-01')"
    return """
      SELECT to_char(b.bound, 'YYYY-MM-DD') AS as_date, to_char(b.bound, 'YYYY-MM-DD HH24:MI:SS') AS as_local,
        to_char(b.bound AT TIME ZONE \(wanted.timezone) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '+00' AS as_zoned,
        to_char(b.bound, 'YYYYMMDD') AS day_digits, to_char(b.bound, 'YYYYMMDDHH24') AS hour_digits
      FROM (SELECT (now() AT TIME ZONE \(wanted.timezone)) - \(wanted.keep.description)::interval AS start) AS s
      CROSS JOIN LATERAL (SELECT \(sql: cut) AS bound) AS b
      """
  }
}
