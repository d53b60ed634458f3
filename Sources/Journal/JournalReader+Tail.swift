import PostgresClient
import SQLText

extension JournalReader {
  /// Events that are committed and not yet in the chain.
  package func unsealedEvents() async throws -> Int {
    let result = try await connection.query("SELECT count(*) AS unsealed FROM caisson.event WHERE seq IS NULL")
    return try result.rows.first?.int("unsealed") ?? 0
  }

  /// The last events of a run in the order of appending; with `plan`, as `NAME/ENVIRONMENT`, also what happened to its
  /// schedules.
  package func lastEvents(
    of run: String, plan: String? = nil, step: String? = nil, limit: Int
  ) async throws -> [EventRecord] {
    let ofStep: SQL = step.map { "AND e.step = \($0)" } ?? ""
    let result = try await connection.query(
      """
      \(sql: EventRecord.select) WHERE \(sql: events(of: run, plan)) \(sql: ofStep)
      ORDER BY e.id DESC LIMIT \(limit)::integer
      """)
    return try result.rows.map(EventRecord.init).reversed()
  }

  func events(of run: String, _ plan: String?) -> SQL {
    guard let plan else { return "e.run_id = \(run)" }
    return "(e.run_id = \(run) OR e.run_id IS NULL AND e.data->>'plan' = \(plan))"
  }
}

extension JournalReader {
  /// How many events a run has.
  package func eventCount(of run: String) async throws -> Int {
    let result = try await connection.query("SELECT count(*) AS events FROM caisson.event WHERE run_id = \(run)")
    return try result.rows.first?.int("events") ?? 0
  }
}
