import OnlineDDL
import PluginAPI

/// How the ranges of a table have been cut so far, read from its newest two.
struct BoundInference {
  let key: PartitionKey
  let timezone: String
  let facts: any Facts

  /// `nil`: they have no width in common.
  func width(of ranges: [ExistingPartition]) async throws -> PartitionWidth? {
    let finite = ranges.suffix(2).compactMap { range in
      range.from?.text.flatMap { from in range.to?.text.map { (from, $0) } }
    }
    guard !finite.isEmpty else { return nil }
    let query = key.kind.isCalendar ? calendar(finite) : numbers(finite)
    guard let row = try await facts.rows(query).first else { return nil }
    if let months = row["months"].flatMap({ Int64($0) }), months > 0 { return .months(months) }
    if let days = row["days"].flatMap({ Int64($0) }), days > 0 { return .days(days) }
    if let hours = row["hours"].flatMap({ Int64($0) }), hours > 0, 24 % hours == 0 { return .hours(hours) }
    if let number = row["number"].flatMap({ Int64($0) }), number > 0 { return .number(number) }
    return nil
  }

  /// Where the newest edges are midnights in other zones than the step's: such zones, the server's own first. Bounds cut
  /// in the wrong zone would drift by an hour at each change of the clocks.
  func otherZones(for ranges: [ExistingPartition]) async throws -> [String] {
    let edges = Array(ranges.compactMap { $0.to?.text }.suffix(14))
    guard key.kind == .timestamptz, !edges.isEmpty else { return [] }
    let here = try await facts.rows(
      """
      SELECT bool_and((e.edge AT TIME ZONE \(timezone))::time = '00:00') AS midnight
      FROM unnest(\(edges)::timestamptz[]) AS e(edge)
      """).first
    if try here?.bool("midnight") ?? true { return [] }
    return try await facts.rows(
      """
      SELECT z.name FROM pg_timezone_names z
      WHERE z.name !~ '^(posix|right)/' AND z.name ~ '/' AND NOT EXISTS (
        SELECT FROM unnest(\(edges)::timestamptz[]) AS e(edge) WHERE (e.edge AT TIME ZONE z.name)::time <> '00:00')
      ORDER BY z.name = (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') DESC, z.name LIMIT 4
      """).map { try $0.string("name") }
  }

  private func calendar(_ ranges: [(from: String, to: String)]) -> SQL {
    """
    WITH edge AS (
      SELECT \(sql: local("b.f")) AS f, \(sql: local("b.t")) AS t
      FROM unnest(\(ranges.map(\.from))::text[], \(ranges.map(\.to))::text[]) AS b(f, t)
    ), measured AS (
      SELECT e.*, ((extract(year FROM t) - extract(year FROM f)) * 12
        + extract(month FROM t) - extract(month FROM f))::bigint AS months FROM edge e
    )
    SELECT CASE WHEN min(months) = max(months) AND bool_and(f + months * interval '1 month' = t)
        THEN min(months) END AS months,
      CASE WHEN min(t::date - f::date) = max(t::date - f::date) AND bool_and(t::time = f::time)
        THEN min(t::date - f::date) END AS days,
      CASE WHEN min(t - f) = max(t - f) AND bool_and(extract(epoch FROM t - f) % 3600 = 0)
        THEN (min(extract(epoch FROM t - f)) / 3600)::bigint END AS hours
    FROM measured
    """
  }

  private func numbers(_ ranges: [(from: String, to: String)]) -> SQL {
    """
    SELECT CASE WHEN min(b.t - b.f) = max(b.t - b.f) THEN min(b.t - b.f) END AS number
    FROM unnest(\(ranges.map(\.from))::numeric[], \(ranges.map(\.to))::numeric[]) AS b(f, t)
    """
  }

  private func local(_ text: SQL) -> SQL { KeyPoint.local("\(sql: text)::\(sql: key.type)", key, timezone) }
}
