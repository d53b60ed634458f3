package import JSONText
import PostgresClient
import SQLText

/// What an auditor asks about a run and no other record holds: rows as the journal has them, so that what a newer
/// engine adds is there too.
package struct RunDossier: Sendable {
  /// The journal's own row, with the name of the database.
  package let identity: JSON
  /// Each with who decided what, and by which specification.
  package let gates: [JSON]
  package let approvals: [JSON]
  /// Written by this run's success.
  package let evidence: [JSON]
  /// Of `caisson.measure`, where there is such a table.
  package let measures: [JSON]
  /// What was foretold before its first step, and what came of it; `nil`: nothing was.
  package let forecast: ForecastRecord?
  /// Processes that worked on it.
  package let runners: [JSON]
  /// The server's clock.
  package let asOf: String
}

extension JournalReader {
  package func dossier(run: String) async throws -> RunDossier {
    let own = try await connection.query(
      """
      SELECT to_jsonb(m) || jsonb_build_object('database', current_database(),
        'server_version', current_setting('server_version_num')::integer) AS identity, clock_timestamp() AS at
      FROM caisson.meta m
      """
    ).rows.first
    guard let own else {
      throw JournalError(.unreadable, "the journal does not say whose it is", hint: "restore the journal from a backup")
    }
    return RunDossier(
      identity: try own.json("identity"),
      gates: try await rows(of: "caisson.gate", run: run, order: "x.gate"),
      approvals: try await rows(of: "caisson.approval", run: run, order: "x.at"),
      evidence: try await rows(of: "caisson.evidence", run: run, order: "x.verified_at"),
      measures: try await rows(of: "caisson.measure", run: run, order: "x.step, x.direction"),
      forecast: try await forecasts(of: [run])[run], runners: try await workers(on: run), asOf: try own.string("at"))
  }

  private func rows(of table: SQL, run: String, order: SQL) async throws -> [JSON] {
    try await connection.query(
      "SELECT to_jsonb(x) AS row FROM \(sql: table) x WHERE x.run_id = \(run) ORDER BY \(sql: order)"
    ).rows.map { try $0.json("row") }
  }

  private func workers(on run: String) async throws -> [JSON] {
    try await connection.query(
      """
      SELECT jsonb_build_object('host', x.host, 'pid', x.os_pid, 'version', x.version, 'attempts', count(*),
        'from', min(a.started_at), 'to', max(a.ended_at)) AS row
      FROM caisson.attempt a JOIN caisson.runner x USING (runner_id) WHERE a.run_id = \(run)
      GROUP BY x.runner_id ORDER BY min(a.started_at)
      """
    ).rows.map { try $0.json("row") }
  }
}
