package import JSONText
import PostgresClient
package import SQLText

extension JournalSQL {
  /// Once for each run. No row: it has one.
  package static func keepForecast(_ body: JSON, of run: String) -> SQL {
    "INSERT INTO caisson.forecast (run_id, body) VALUES (\(run), \(body)) ON CONFLICT DO NOTHING RETURNING run_id"
  }
}

extension JournalReader {
  /// Bodies of a plan's evidence that stands, its own and copies of others', the latest first, each once.
  /// `before`: none, if that run has begun or has its forecast.
  package func evidenceBodies(of plan: String, environments: [String], before run: String?) async throws -> [JSON] {
    let unbegun: SQL = run.map {
      """
      AND NOT EXISTS (SELECT FROM caisson.forecast f WHERE f.run_id = \($0))
      AND NOT EXISTS (SELECT FROM caisson.attempt a WHERE a.run_id = \($0))
      """
    } ?? ""
    return try await connection.query(
      """
      SELECT x.body FROM (
        SELECT DISTINCT ON (v.evidence_id) v.body FROM caisson.evidence v LEFT JOIN caisson.run r ON r.run_id = v.run_id
        WHERE NOT v.void AND v.body ->> 'plan' = \(plan) AND v.environment = ANY (\(environments)::text[])
          AND coalesce(r.state, 'succeeded') = 'succeeded' \(sql: unbegun)
        ORDER BY v.evidence_id) x
      ORDER BY x.body ->> 'finished_at' DESC LIMIT 6
      """
    ).rows.map { try $0.json("body") }
  }
}
