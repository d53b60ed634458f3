import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct CheckTests {
  @Test("check and the simulator name the same invariants")
  func names() async throws {
    let fixture = try await JournalFixture()
    let source = try #require(
      try await fixture.sql("SELECT prosrc FROM pg_proc WHERE oid = 'caisson.check_journal'::regproc").first?[0])
    let codes = source.matches(of: #/SELECT '([a-z]+\.[a-z_]+)'/#).map { String($0.1) }
    #expect(Set(codes).count == codes.count)
    #expect(Set(codes) == Set(Invariant.allCases.filter(\.isReadable).map(\.rawValue)))
  }

  /// Each breaks a journal in one way.
  static let breaks: [(Invariant, SQL)] = [
    (.leaseMissing, "DELETE FROM caisson.lease"),
    (.leaseStray, "UPDATE caisson.step SET state = 'pending' WHERE step = 'b'"),
    (.leaseFence, "UPDATE caisson.lease SET fence = fence + 1000"),
    (.attemptMissing, "DELETE FROM caisson.attempt WHERE step = 'b'"),
    (.attemptOpen, "UPDATE caisson.lease SET fence = fence + 1000"),
    (.attemptOutcome, "UPDATE caisson.attempt SET outcome = 'error' WHERE step = 'a'"),
    (.attemptCount, "UPDATE caisson.step SET attempt = 7 WHERE step = 'a'"),
    (.fenceTwice, "UPDATE caisson.attempt SET fence = 1"),
    (
      .fenceOrder,
      """
      INSERT INTO caisson.attempt (run_id, step, attempt, fence, runner_id, ended_at, outcome)
      SELECT run_id, step, 2, 0, runner_id, now(), 'ok' FROM caisson.attempt WHERE step = 'a'
      """
    ),
    (.fenceSequence, "SELECT setval('caisson.fence', 1)"),
    (.needsUnmet, "UPDATE caisson.step SET state = 'failed', done_by = NULL WHERE step = 'a'"),
    (.taskFence, "UPDATE caisson.task SET fence = 1000 WHERE step = 'b'"),
    (.taskUnfinished, "UPDATE caisson.task SET state = 'running' WHERE step = 'a'"),
    (.taskUnfinished, "UPDATE caisson.task SET state = 'blocked' WHERE step = 'a'"),
    (.taskDoubt,
      "WITH r AS (UPDATE caisson.run SET state = 'succeeded', finished_at = now()) UPDATE caisson.task SET state = 'in_doubt'"),
    (.taskGap, "UPDATE caisson.task SET task = 5 WHERE step = 'a'"),
    (.taskChunks, "UPDATE caisson.task SET kind = 'chunked', cursor = '1' WHERE step = 'a'"),
    (.eventMissing, "UPDATE caisson.step SET fence = 77 WHERE step = 'a'"),
    (.eventHead, "UPDATE caisson.seal SET seq = 100"),
    (.eventGap, "INSERT INTO caisson.anchor VALUES (1000, 1001, '', '')"),
    (.runUnfinished, "UPDATE caisson.run SET state = 'succeeded', finished_at = now()"),
    (
      .resourceOrphan,
      """
      WITH r AS (INSERT INTO caisson.resource VALUES ('x'))
      INSERT INTO caisson.resource_hold (name, fence, run_id, step) SELECT 'x', 1, run_id, 'a' FROM caisson.run
      """
    ),
    (
      .resourceOver,
      """
      WITH r AS (INSERT INTO caisson.resource VALUES ('x'))
      INSERT INTO caisson.resource_hold (name, fence, run_id, step) SELECT 'x', n, run_id, 'a' FROM caisson.run,
        generate_series(1, 2) n
      """
    ),
    (
      .undoOrder,
      "WITH r AS (UPDATE caisson.run SET state = 'undoing') UPDATE caisson.step SET state = 'undone', done_by = NULL WHERE step = 'a'"
    ),
  ]

  @Test("a journal that contradicts an invariant is reported by its name", arguments: breaks)
  func broken(_ invariant: Invariant, _ damage: SQL) async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", "b: a", "c: b")
    try await fixture.ride(run, "a")
    _ = try await fixture.claim(run, "b")
    try await fixture.sql("SELECT caisson.seal_events()")
    try await fixture.expectSound()
    try await fixture.sql(damage)
    let found = try await JournalCheck.run(on: fixture.connection)
    #expect(found.compactMap(\.invariant).contains(invariant), "\(found)")
    #expect(found.allSatisfy { $0.invariant != nil })
  }
}
