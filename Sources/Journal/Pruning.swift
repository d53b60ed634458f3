package import PostgresClient
import SQLText

/// What `caisson journal prune` takes away: whole finished runs, one transaction each, an anchor left in the chain.
package struct Pruning: Sendable {
  package struct Candidate: Sendable, Hashable {
    package let run: String
    package let plan: String
    package let environment: String
    package let state: String
    package let finishedAt: String
    package let events: Int
  }

  package struct Outcome: Sendable, Hashable {
    package var runs = 0
    package var events = 0
    package var runners = 0
    package var firings = 0
  }

  package let connection: Connection
  package let keep: Duration

  package init(_ connection: Connection, keep: Duration) {
    self.connection = connection
    self.keep = keep
  }

  private var interval: String { JournalSQL.interval(keep) }

  /// The oldest first.
  package func candidates() async throws -> [Candidate] {
    try await connection.query("SELECT * FROM caisson.prunable(\(interval)::interval)").rows.map {
      Candidate(
        run: try $0.string("run_id"), plan: try $0.string("plan"), environment: try $0.string("environment"),
        state: try $0.string("state"), finishedAt: try $0.string("finished_at"), events: try $0.int("events"))
    }
  }

  /// Any run that is taken up again meanwhile is left alone.
  package func run(actor: String, each: @Sendable (Candidate) -> Void = { _ in }) async throws -> Outcome {
    try await Sealer(connection).seal()
    var outcome = Outcome()
    for candidate in try await candidates() {
      let rows = try await connection.query(
        "SELECT * FROM caisson.prune_run(\(candidate.run), \(interval)::interval, \(actor))").rows
      guard let row = rows.first else { continue }
      outcome.runs += 1
      outcome.events += try row.int("events")
      each(candidate)
    }
    outcome.runners = try await count("SELECT caisson.prune_runners(\(interval)::interval)")
    outcome.firings = try await count("SELECT caisson.prune_firings(\(interval)::interval)")
    try await Sealer(connection).seal()
    return outcome
  }

  private func count(_ statement: SQL) async throws -> Int {
    try await connection.query(statement).value.flatMap { Int($0) } ?? 0
  }
}
