@testable import GDPR
import JSONText
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("gdpr.retention", .database(template: LogSample.tables), .ownTime(.minutes(5)))
struct RetentionTests {
  private typealias Log = LogSample

  @Test("whole partitions are dropped, the rest goes in batches, and a second run changes nothing")
  func deletes() async throws {
    // 2020-01 and 2020-02 are over as partitions, 2020-03 shares one with rows of today.
    let step = try Retaining("{ table: logs, key: at, keep: 1 year, mode: delete, batch: 7 }")
    try await step.apply()
    #expect(try await Log.value("SELECT to_regclass('logs_1') IS NULL AND to_regclass('logs_2') IS NULL") == "t")
    #expect(try await Log.value("SELECT count(*) FILTER (WHERE id < 1000) || ' ' || count(*) FROM logs") == "0 10")
    let chunks = try await Log.value("SELECT chunks FROM caisson.task WHERE operation = 'batch'").flatMap { Int($0) } ?? 0
    #expect(chunks > 5, "one transaction would have done for \(chunks)")
    try await expectSecondRunChangesNothing("logs") { try await step.apply(again: true) }
  }

  @Test("`caisson status` has a line for each table: what goes, from before when, decided when")
  func status() async throws {
    let step = try Retaining("{ table: plain, key: at, keep: 1 year, mode: delete }")
    try await step.apply()
    try await step.apply(again: true)
    let rows = try await TestDatabase.current.sql(GDPRPlugin.status[0].sql).rows
    #expect(rows.count == 1)
    let line = try rows[0].string("line"), detail = try JSON(parsing: rows[0].string("detail"))
    #expect(line.hasPrefix("public.plain: delete what is from before 2") && line.hasSuffix("UTC (0 days ago)"), "\(line)")
    #expect(detail["table"] == "public.plain" && detail["days_ago"] == 0, "\(detail)")
  }

  @Test("two steps that are the first of their kind do not get into each other's way")
  func sideBySide() async throws {
    let with = "key: at, keep: 1 year, mode: delete"
    let harness = try EngineHarness(
      "  a: { uses: gdpr.retention, with: { table: plain, \(with) } }\n  b: { uses: gdpr.retention, with: { table: logs, \(with) } }",
      registry: StepRegistry([GDPRPlugin.self]), environment: "accept_irreversible: [a, b]")
    guard case .succeeded = try await harness.runner().apply().ending else { return _ = Issue.record("not applied") }
    #expect(try await Log.value("SELECT (SELECT count(*) FROM plain) || ' ' || (SELECT count(*) FROM logs)") == "10 10")
  }

  @Test("only partitions whose every row is over go when the step says `only`; the rest waits for its partition")
  func only() async throws {
    try await Retaining("{ table: logs, key: at, keep: 1 year, mode: delete, partitions: only }").apply()
    #expect(try await Log.value("SELECT count(*) FILTER (WHERE id < 1000) || ' ' || count(*) FROM logs") == "40 50")
  }

  @Test("detached partitions keep their rows and come back")
  func detaches() async throws {
    let before = try await CatalogText.read(), rows = try await Log.content("logs")
    let step = try Retaining("{ table: logs, key: at, keep: 1 year, mode: detach_partition }", environment: "")
    try await step.apply()
    #expect(try await Log.value("SELECT count(*) || ' ' || (SELECT count(*) FROM logs_1) FROM logs") == "50 31")
    try await step.rollBack()
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
    #expect(try await Log.content("logs") == rows)
    try await step.apply(again: true)
    try await expectSecondRunChangesNothing("logs", hasBatches: false) { try await step.apply(again: true) }
    #expect(try await Log.count("pg_inherits WHERE inhparent = 'logs'::regclass") == "1")
  }

  @Test("archived rows move in one transaction, partitions without a copy, and all of it comes back", arguments: [
    ("logs", "{ table: archive.old, schema: archive }", "41", "31"), ("logs", "{ table: archive.old }", "100", nil),
    ("plain", "{ table: archive.old }", "100", nil), ("logs", "{ schema: archive }", nil, "31"),
  ] as [(String, String, String?, String?)])
  func archives(table: String, place: String, moved: String?, whole: String?) async throws {
    let before = try await CatalogText.read(), rows = try await Log.content(table)
    let step = try Retaining(
      "{ table: \(table), key: at, keep: 1 year, mode: archive, archive: \(place), batch: 9 }", environment: "")
    try await step.apply()
    if let moved { #expect(try await Log.count("archive.old") == (whole == nil ? moved : "40")) }
    if let whole { #expect(try await Log.count("archive.logs_1") == whole) }
    #expect(try await Log.count("\(table) WHERE id < 1000") == (moved == nil ? "40" : "0"))
    try await step.rollBack()
    #expect(try await Log.content(table) == rows)
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
    try await step.apply(again: true)
    try await expectSecondRunChangesNothing(table, hasBatches: moved != nil) { try await step.apply(again: true) }
  }

  @Test("a rollback gives back what its own run archived, and nothing of another's")
  func archivesTwice() async throws {
    let step = try Retaining(
      "{ table: plain, key: at, keep: 1 year, mode: archive, archive: { table: archive.old } }", environment: "")
    try await step.apply()
    try await TestDatabase.current.sql("INSERT INTO plain VALUES (5000, '2021-01-01', 'late@x.dz', '{}', false)")
    try await step.apply(again: true)
    #expect(try await Log.count("archive.old") == "101")
    try await step.rollBack()
    #expect(try await Log.value("SELECT count(*) || ' ' || max(id) FROM plain") == "11 5000")
  }

  @Test("anonymised rows stay, changed once: by expression, by place in a JSON column, or as `done` says", arguments: [
    "set: { email: \"NULL\" }, json: { data: [email] }",
    "set: { email: \"'gone'\", data: \"data - 'email'\" }",
    """
    set: { email: "NULL", data: "jsonb_build_object('anonymised', true, 'was', data->'n')" }, done: "data ? 'anonymised'"
    """,
  ])
  func anonymises(change: String) async throws {
    for table in ["logs", "plain"] {
      let step = try Retaining("{ table: \(table), key: at, keep: 1 year, mode: anonymize, batch: 11, \(change) }")
      try await step.apply()
      #expect(try await Log.count("\(table) WHERE id < 1000 AND \(table)::text LIKE '%@x%'") == "0")
      #expect(try await Log.count("\(table) WHERE id > 1000 AND email = 'now@x.dz'") == "10")
      #expect(try await Log.count("\(table) WHERE data->'was' = to_jsonb(id)") == (change.contains("was") ? "100" : "0"))
      try await expectSecondRunChangesNothing(table) { try await step.apply(again: true) }
    }
  }

  @Test("`except` keeps rows, those for which it is NULL too; their partition is left to the batches")
  func excepts() async throws {
    try await TestDatabase.current.script(
      "UPDATE logs SET hold = true WHERE id = 5; UPDATE logs SET hold = NULL WHERE id = 45")
    let step = try Retaining("{ table: logs, key: at, keep: 1 year, mode: delete, except: hold, batch: 20 }")
    try await step.apply()
    #expect(try await Log.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM logs WHERE id < 1000") == "5 45")
    #expect(try await Log.value("SELECT to_regclass('logs_1') IS NOT NULL") == "t")
    try await expectSecondRunChangesNothing("logs") { try await step.apply(again: true) }
  }

  @Test("a row held after the plan was made stops the drop: its partition is detached and comes back with a rollback")
  func heldMeanwhile() async throws {
    try await TestDatabase.current.script("UPDATE logs SET hold = false WHERE hold IS NULL")
    let step = try Retaining("{ table: logs, key: at, keep: 1 year, mode: delete, partitions: only, except: hold }")
    let reader = try await TestDatabase.current.connect()
    try await reader.script("BEGIN; SELECT count(*) FROM logs")
    async let ending = step.harness.runner().apply().ending
    // The detach waits for the reader, which gives the hold its time.
    #expect(await step.harness.events.says("detach public.logs_1"))
    try await TestDatabase.current.sql("UPDATE logs_1 SET hold = true WHERE id = 3")
    try await reader.script("COMMIT")
    await reader.close()
    if case .succeeded = try await ending { Issue.record("a row on hold was dropped") }
    #expect(try await Log.count("logs_1 WHERE hold") == "1")
    try await step.rollBack()
    #expect(try await Log.count("logs WHERE id < 1000") == "100")
  }

  /// No row is written again: the physical place of each is what it was.
  private func expectSecondRunChangesNothing(_ table: String, hasBatches: Bool = true, _ run: () async throws -> Void) async throws {
    let places: SQL = "SELECT md5(string_agg(tableoid::text || ctid::text || xmin::text, ' ' ORDER BY id)) FROM \(sql: table)"
    let before = try await Log.value(places)
    try await run()
    #expect(try await Log.value(places) == before, "a second run has changed \(table)")
    let again: SQL = """
      SELECT coalesce(sum(t.done_rows), 0) FROM caisson.task t
      WHERE t.operation = 'batch' AND t.run_id = (SELECT run_id FROM caisson.run ORDER BY created_at DESC LIMIT 1)
      """
    #expect(try await Log.value(again) == "0")
    if hasBatches { #expect(try await Log.value("SELECT max(done_rows) > 0 FROM caisson.task WHERE operation = 'batch'") == "t") }
  }
}
