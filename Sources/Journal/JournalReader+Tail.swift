import PostgresClient
import SQLText

extension JournalReader {
  /// Events that are committed and not yet in the chain.
  package func unsealedEvents() async throws -> Int {
    let result = try await connection.query("SELECT count(*) AS unsealed FROM caisson.event WHERE seq IS NULL")
    return try result.rows.first?.int("unsealed") ?? 0
  }

  /// The last events of a run in the order of appending.
  package func lastEvents(of run: String, step: String? = nil, limit: Int) async throws -> [EventRecord] {
    let ofStep: SQL = step.map { "AND e.step = \($0)" } ?? ""
    let result = try await connection.query(
      "\(sql: EventRecord.select) WHERE e.run_id = \(run) \(sql: ofStep) ORDER BY e.id DESC LIMIT \(limit)::integer")
    return try result.rows.map(EventRecord.init).reversed()
  }
}
