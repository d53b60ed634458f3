package import JSONText
import PostgresClient
package import SQLText

/// What was foretold of a run, and what its steps have taken since.
package struct ForecastRecord: Sendable, Hashable, DecodedFromRow {
  package let run: String
  package let body: JSON
  /// Seconds of each step that was carried out.
  package let measured: [String: Double]

  static let select: SQL = """
    SELECT f.run_id, f.body, (SELECT coalesce(jsonb_object_agg(s.step, coalesce(m.seconds, a.seconds)), '{}')
      FROM caisson.step s LEFT JOIN caisson.measure m ON m.run_id = s.run_id AND m.step = s.step AND m.direction = 'forward'
        CROSS JOIN LATERAL (SELECT sum(extract(epoch FROM x.ended_at - x.started_at)) AS seconds FROM caisson.attempt x
          WHERE x.run_id = s.run_id AND x.step = s.step AND x.direction = 'forward') a
      WHERE s.run_id = f.run_id AND s.state = 'done' AND s.done_by IN ('engine', 'probe')) AS measured
    FROM caisson.forecast f
    """

  package init(_ row: Row) throws {
    run = try row.string("run_id")
    body = try row.json("body")
    measured = (try row.json("measured").object?.members ?? []).reduce(into: [:]) { $0[$1.key] = $1.value.double }
  }
}

extension JournalReader {
  /// By run; runs without one are not among them.
  package func forecasts(of runs: [String]) async throws -> [String: ForecastRecord] {
    let rows = try await connection.query("\(sql: ForecastRecord.select) WHERE f.run_id = ANY (\(runs)::uuid[])").rows
    return try rows.map(ForecastRecord.init).reduce(into: [:]) { $0[$1.run] = $1 }
  }
}
