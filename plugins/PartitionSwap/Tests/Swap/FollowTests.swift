import Engine
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz NOT NULL, v int, room int4range,
    CONSTRAINT events_room EXCLUDE USING gist (room WITH &&));
  INSERT INTO events SELECT i, '2025-01-01'::timestamptz + i * interval '1 day', i, int4range(i * 10, i * 10 + 5)
    FROM generate_series(1, 100) i;
  ANALYZE;
  """

@Suite("the old table follows", .database(template: database), .ownTime(.minutes(5)))
struct FollowTests {
  private func swapped(_ keep: JSON = ["every": "1h"], _ more: [(String, JSON)] = []) async throws -> SwapTrial {
    let trial = try SwapTrial(
      QualifiedName("public", "events"),
      [
        ("by", "at"), ("to", "2025-05-01"), ("premake", 1), ("exclusion", ["events_room": "per_partition"]), ("keep_old", keep),
      ] + more)
    try #require(try await trial.apply())
    return trial
  }

  /// A worker's turn: whatever is due now.
  private func fire(_ trial: SwapTrial) async throws -> [FiringReport] {
    let address = TargetAddress(name: trial.harness.resolved.environment.name, connection: TestDatabase.current.target)
    let schedules = Schedules(trial.harness.resolved, target: Target(address), registry: trial.harness.registry)
    try await TestDatabase.current.sql("UPDATE caisson.schedule SET next_at = clock_timestamp() - interval '1 second'")
    var reports: [FiringReport] = []
    while let report = try await schedules.fireDue() { reports.append(report) }
    return reports
  }

  private func ends(_ reports: [FiringReport]) -> [String] {
    reports.map { report in
      if case .ended(let end) = report.outcome { end.reason ?? "\(end)" } else { "\(report.outcome)" }
    }
  }

  private func expectDone(_ trial: SwapTrial, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let found = ends(try await fire(trial))
    #expect(found == ["done"], sourceLocation: sourceLocation)
  }

  private func status() async throws -> String { try await value(PartitionSwapPlugin.status[0].sql) ?? "" }

  private func expectEqual(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let query: SQL = """
      SELECT count(*) FROM ((TABLE events EXCEPT ALL TABLE events_old) UNION ALL (TABLE events_old EXCEPT ALL TABLE events)) x
      """
    #expect(try await value(query) == "0", sourceLocation: sourceLocation)
  }

  @Test("a worker brings over what is written, again and again; status says what waits and how long going back takes")
  func drained() async throws {
    let trial = try await swapped()
    try await TestDatabase.current.script("""
      UPDATE events SET v = 0 WHERE id < 20; DELETE FROM events WHERE id = 50; TRUNCATE events_p202502;
      INSERT INTO events VALUES (500, '2025-03-03', 1, NULL)
      """)
    let waiting = try await status()
    #expect(waiting.contains("public.events can go back to public.events_old until "), "\(waiting)")
    #expect(waiting.contains("22 changes wait") && waiting.contains(" of 10 GB)"), "\(waiting)")
    #expect(waiting.contains("going back takes about 1 s"), "\(waiting)")
    try await expectDone(trial)
    try await expectEqual()
    #expect(try await status().contains(": 0 changes wait"))
    // Nothing to do is no run; the next write is the next firing's.
    #expect(ends(try await fire(trial)) == ["nothingToDo"])
    try await TestDatabase.current.script("UPDATE events SET v = 1 WHERE id < 20")
    try await expectDone(trial)
    try await expectEqual()
    guard try await trial.rollBack() else { return }
    #expect(try await status() == "")
    #expect(ends(try await fire(trial)) == ["step swap was rolled back"])
  }

  @Test("partitions that came, went, came back or were emptied since are compared each time")
  func leaves() async throws {
    let trial = try await swapped()
    try await TestDatabase.current.script("""
      CREATE TABLE extra (LIKE events); INSERT INTO extra VALUES (600, '2026-01-01', 1, NULL), (601, '2026-01-02', 1, NULL);
      ALTER TABLE extra ADD CHECK (at >= '2026-01-01' AND at < '2027-01-01');
      ALTER TABLE events ATTACH PARTITION extra FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      DROP TABLE events_p202501; ALTER TABLE events DETACH PARTITION events_p202502
      """)
    try await expectDone(trial)
    try await expectEqual()
    try await TestDatabase.current.script("""
      TRUNCATE extra; SET session_replication_role = replica; INSERT INTO extra VALUES (602, '2026-01-03', 1, NULL);
      RESET session_replication_role; DELETE FROM events_p202502 WHERE id % 2 = 0;
      ALTER TABLE events ATTACH PARTITION events_p202502 FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
      ALTER TABLE events DETACH PARTITION events_p202503; UPDATE events_p202503 SET v = -1;
      ALTER TABLE events ATTACH PARTITION events_p202503 FOR VALUES FROM ('2025-03-01') TO ('2025-04-01')
      """)
    try await expectDone(trial)
    try await expectEqual()
    // One that left keeps no trigger, and neither rollback nor the end stumbles over one that nobody has compared.
    try await TestDatabase.current.script("ALTER TABLE events DETACH PARTITION extra")
    let rows = try await trial.rows(by: "id")
    guard try await trial.rollBack() else { return }
    #expect(try await trial.rows(by: "id") == rows)
    #expect(try await value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'extra'::regclass") == "0")
  }

  @Test("triggers that were off for a while: made anew, said, and going back compares whatever the plan says")
  func unarmed() async throws {
    let trial = try await swapped(["every": "1h"], [("verify", "none")])
    try await TestDatabase.current.script("""
      ALTER TABLE events DISABLE TRIGGER ALL; UPDATE events SET v = -5 WHERE id = 7; ALTER TABLE events ENABLE TRIGGER ALL
      """)
    try await expectDone(trial)
    #expect(try await status().contains("the triggers that note changes were off"))
    try await TestDatabase.current.script("UPDATE events SET v = -6 WHERE id = 8")
    guard try await trial.rollBack() else { return }
    #expect(try await value("SELECT string_agg(v::text, ' ' ORDER BY id) FROM events WHERE id IN (7, 8)") == "-5 -6")
  }

  @Test("a conflict across partitions, which the old table forbids: found by the next firing, shown, and over when it is")
  func conflict() async throws {
    let trial = try await swapped()
    try await TestDatabase.current.script("INSERT INTO events VALUES (700, '2025-03-20', 1, '[10,11)')")
    let found = ends(try await fire(trial))
    #expect(found.count == 1 && found[0].contains("forbids") && found[0].contains("status"), "\(found)")
    let shown = try await status()
    #expect(shown.contains("ROLLBACK IS BARRED by rows that events_room_old of public.events_old forbids, since "), "\(shown)")
    guard case .failed(let errors) = try await trial.harness.runner().rollback().ending else {
      Issue.record("rolled back")
      return
    }
    #expect("\(errors)".contains("its constraint events_room_old forbids them"), "\(errors)")
    #expect(try await value("SELECT relkind FROM pg_class WHERE oid = 'events'::regclass") == "p")
    try await TestDatabase.current.script("DELETE FROM events WHERE id = 700")
    guard try await trial.rollBack() else { return }
  }

  @Test("and when the rows are gone before anybody goes back, the next firing says so")
  func conflictOver() async throws {
    let trial = try await swapped()
    try await TestDatabase.current.script("INSERT INTO events VALUES (1, '2025-03-20', 1, NULL)")
    _ = try await fire(trial)
    #expect(try await status().contains("rows that events_pkey_old of public.events_old forbids"))
    try await TestDatabase.current.script("DELETE FROM events WHERE at = '2025-03-20' AND v = 1")
    try await expectDone(trial)
    #expect(try await !status().contains("BARRED"))
    try await expectEqual()
  }

  @Test("a log larger than max_log: an alarm, and nothing is lost; by rollback alone: nothing is fired")
  func limit() async throws {
    let trial = try await swapped(["every": "1h", "max_log": "64kB"])
    try await TestDatabase.current.script("""
      INSERT INTO events VALUES (1, '2025-03-20', 1, NULL); UPDATE events SET v = v + 1; UPDATE events SET v = v + 1;
      INSERT INTO events SELECT 1000 + i, '2025-03-03', 1 FROM generate_series(1, 3000) i
      """)
    #expect(ends(try await fire(trial)).count == 1)
    #expect(try await status().contains("THE LOG IS LARGER THAN max_log"))
    try await TestDatabase.current.script("DELETE FROM events WHERE at = '2025-03-20' AND v < 4")
    guard try await trial.rollBack() else { return }
    let lazy = try SwapTrial(
      QualifiedName("public", "events"),
      [
        ("by", "at"), ("to", "2025-05-01"), ("premake", 1), ("exclusion", ["events_room": "per_partition"]),
        ("keep_old", ["drain": "on_rollback"]),
      ])
    guard try await lazy.apply() else { return }
    #expect(try await status().contains("drained by the rollback"))
    #expect(try await value("SELECT count(*) FROM caisson.schedule WHERE retired_at IS NULL") == "0")
    guard try await lazy.rollBack() else { return }
  }
}
