import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct PruneTests {
  /// Runs each a plan's one step, and ends.
  private func finished(_ fixture: JournalFixture, _ count: Int) async throws -> [String] {
    var runs: [String] = []
    for _ in 0..<count {
      let run = try await fixture.run("a", "b: a")
      for step in ["a", "b"] { try await fixture.ride(run, step) }
      try await fixture.sql(JournalSQL.finishRun(run, actor: "x"))
      runs.append(run)
    }
    return runs
  }

  private func old(_ runs: [String], _ fixture: JournalFixture) async throws {
    for run in runs {
      try await fixture.sql("UPDATE caisson.run SET finished_at = now() - interval '2 days' WHERE run_id = \(run)")
    }
  }

  private func left(_ fixture: JournalFixture) async throws -> Set<String> {
    Set(try await fixture.reader.history().map(\.id))
  }

  @Test("old runs go whole, the last word on a step stays, and the chain is still proven")
  func prunes() async throws {
    let fixture = try await JournalFixture()
    let runs = try await finished(fixture, 4)
    try await old(Array(runs.prefix(2)) + [runs[3]], fixture)
    let pruning = Pruning(fixture.connection, keep: .seconds(86_400))
    #expect(try await pruning.candidates().map(\.run).sorted() == runs.prefix(2).sorted())
    let outcome = try await pruning.run(actor: "me")
    #expect(outcome.runs == 2 && outcome.events > 4)
    #expect(try await left(fixture) == Set(runs.suffix(2)))
    for table in ["step", "task", "attempt", "event"] {
      let rows = try await fixture.sql("SELECT count(*) FROM caisson.\(id: table) WHERE run_id = \(runs[0])")
      #expect(rows.first?[0] == "0", "\(table)")
    }
    #expect(try await Audit.run(on: fixture.connection).isSound)
    try await fixture.expectSound()
    // And again, beside the anchors of before.
    try await old(runs, fixture)
    _ = try await finished(fixture, 1)
    #expect(try await pruning.run(actor: "me").runs == 2)
    #expect(try await Audit.run(on: fixture.connection).isSound)
    try await fixture.expectSound()
    #expect(try await fixture.sql("SELECT count(*) FROM caisson.event WHERE kind = 'journal.pruned'").first?[0] == "4")
  }

  /// What keeps a run, however old.
  static let keeping: [SQL] = [
    "UPDATE caisson.run SET state = 'paused', finished_at = NULL, variant = run_id::text",
    "UPDATE caisson.run SET no_return_at = now()",
    "UPDATE caisson.run SET finalize_due = now()",
    "UPDATE caisson.step SET irreversible = true WHERE step = 'b'",
    "UPDATE caisson.step SET state = 'running', done_by = NULL WHERE step = 'b'",
  ]

  @Test("a run with anything left to do, or no way back, is never pruned", arguments: keeping)
  func keeps(_ change: SQL) async throws {
    let fixture = try await JournalFixture()
    let runs = try await finished(fixture, 2)
    try await old([runs[0]], fixture)
    #expect(try await Pruning(fixture.connection, keep: .seconds(60)).candidates().count == 1)
    try await fixture.sql(change)
    #expect(try await Pruning(fixture.connection, keep: .seconds(60)).run(actor: "me").runs == 0)
    #expect(try await left(fixture) == Set(runs))
  }

  @Test("evidence outlives its run; a changed anchor is found")
  func evidence() async throws {
    let fixture = try await JournalFixture()
    let runs = try await finished(fixture, 2)
    try await fixture.sql(
      """
      INSERT INTO caisson.evidence (run_id, release_hash, environment, target, system_id, verified_at, body)
      VALUES (\(runs[0]), '', 'e', 'test', '1', now(), '{}')
      """)
    try await old(runs, fixture)
    #expect(try await Pruning(fixture.connection, keep: .seconds(60)).run(actor: "me").runs == 1)
    #expect(try await fixture.sql("SELECT count(*) FROM caisson.evidence").first?[0] == "1")
    try await fixture.sql("UPDATE caisson.anchor SET hash_after = sha256('x')")
    #expect(try await !Audit.run(on: fixture.connection).isSound)
  }
}
