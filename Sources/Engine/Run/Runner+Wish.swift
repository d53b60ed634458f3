import JSONText
package import Journal
import PluginAPI
import PostgresClient
import RunModel

extension Runner {
  /// Turns a run to what was asked of it as soon as nobody is at work on it; returns how it stands. What a runner that
  /// is gone held is given back first.
  package func granting(_ run: String, actor: String) async throws -> RunRecord {
    try await target.lending { connection in
      let reader = JournalReader(connection)
      // An approver may ask, and bury nobody: whoever works on the run hears of it.
      if try await connection.query("SELECT has_table_privilege('caisson.runner', 'UPDATE')").value == "t" {
        try await bury(run, reader, actor: actor)
        try await giveBack(leftIn: run, on: connection)
      }
      try await refuseDoubt(run, reader)
      try await connection.query(JournalSQL.finishRun(run, actor: actor))
      guard let record = try await reader.run(run) else { throw EngineError(.unknown, "the journal has no run \(run)") }
      // What was granted stays granted; the proof is written by whoever looks next.
      try? await prove(run, on: connection)
      return record
    }
  }

  private func bury(_ run: String, _ reader: JournalReader, actor: String) async throws {
    for record in try await reader.holders(run: run)
    where ThisProcess.isDead(host: record.host, bootID: record.bootID, pid: record.processID, start: record.processStart) {
      try await reader.connection.query(JournalSQL.declareDead(record.id, actor: actor))
    }
  }

  private func giveBack(leftIn run: String, on connection: Connection) async throws {
    guard try await JournalReader(connection).standings(run: run).contains(where: \.leaseExpired) else { return }
    var identity = ThisProcess.identity()
    identity.labels = ["plan": .string(try await JournalReader(connection).run(run)?.planHash ?? "")]
    try await connection.query(JournalSQL.registerRunner(identity))
    let takeOver = JournalSQL.takeOver(run: run, runner: identity.id, ttl: target.address.lease)
    while let row = try await connection.query(takeOver).rows.first {
      let direction: Direction = row["direction"] == "undo" ? .undo : .forward
      let holding = try Holding(row, run: run, direction: direction, runner: identity.id)
      try await connection.query(JournalSQL.release(holding, reason: "its runner is gone"))
    }
    try await connection.query(JournalSQL.unregisterRunner(identity.id))
  }

  /// A run must not end while nobody knows whether a statement of it was carried out.
  private func refuseDoubt(_ run: String, _ reader: JournalReader) async throws {
    guard try await reader.run(run)?.desired == .cancel else { return }
    guard let task = try await reader.tasks(run: run).first(where: { $0.state == .inDoubt }) else { return }
    throw EngineError(
      .refused, "step \(task.step) is in doubt: whether its statement was carried out has to be looked up first",
      hint: "caisson resume looks it up; then cancel again", step: task.step)
  }
}
