import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Gates as whoever types commands meets them.
@Suite(.database(template: "CREATE TABLE door (open boolean); INSERT INTO door VALUES (false)")) struct GateTests {
  private static let steps = """
      door: { uses: gate.query, with: { query: SELECT open FROM door, message: the door is shut, every: 1s } }
      log: { uses: sql.run, needs: [door], with: { up: CREATE TABLE log (), down: DROP TABLE log } }
    """

  @Test("plan, apply and status say why and until when; --wait goes on by itself")
  func wait() async throws {
    let project = try Project(Self.steps)
    let planned = try await project.run("plan")
    #expect(planned.exit == 0 && planned.stdout.contains("gate closed: the door is shut; asked again every 1s"), "\(planned.stdout)")
    let applied = try await project.run("apply")
    #expect(applied.exit == 5, "\(applied.stdout)\(applied.stderr)")
    #expect(applied.stdout.contains("waits: door: the door is shut; asked again at 20") && applied.stdout.contains("--wait"), "\(applied.stdout)")
    let status = try await project.run("status")
    #expect(status.stdout.contains("door: the door is shut; asked again at 20"), "\(status.stdout)")
    let gates = try await project.json("status")["gates"]
    #expect(gates?[0]?["kind"] == "query" && gates?[0]?["open"] == false && gates?[0]?["next"]?.string != nil, "\(String(describing: gates))")

    let waiting = try project.start("apply", "--wait=1min")
    try await project.until("SELECT count(*) > 1 FROM caisson.event WHERE kind = 'run.waiting'")
    try await project.database.sql("UPDATE door SET open = true")
    #expect(await waiting.wait() == 0, "\(waiting.output)")
    #expect(try await project.json("journal check")["sound"] == true)
    let events = try await project.run("events")
    #expect(events.stdout.contains("gate:door is closed") && events.stdout.contains("gate:door is open"), "\(events.stdout)")
  }

  @Test("a person sets a gate aside, with a reason that stays")
  func skip() async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply").exit == 5)
    let skipped = try await project.run("skip", "door", "--reason", "the door is painted on")
    #expect(skipped.exit == 0, "\(skipped.stderr)")
    let applied = try await project.run("apply")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
  }

  @Test("a step is approved by another login than the one that began the run")
  func approval() async throws {
    let project = try Project(
      """
        ok: { uses: gate.approval, with: {} }
        log: { uses: sql.run, needs: [ok], with: { up: CREATE TABLE log (), down: DROP TABLE log } }
      """)
    let applied = try await project.run("apply")
    #expect(applied.exit == 5 && applied.stdout.contains("caisson approve") && applied.stdout.contains(" ok "), "\(applied.stdout)")
    let own = try await project.run("approve", "ok")
    #expect(own.exit == 5 && own.stderr.contains("has started the run itself"), "\(own.stderr)")
    let role = "second_\(project.database.name)", place = "127.0.0.1:\(project.database.cluster.port)/\(project.database.name)"
    #expect(try await project.run("journal install", "--roles").exit == 0)
    try await project.database.script("CREATE ROLE \(role) LOGIN PASSWORD 'their own' IN ROLE caisson_approver")
    let approved = try await project.run("approve", "ok", env: ["TARGET": "postgresql://\(role):their%20own@\(place)"])
    #expect(approved.exit == 0, "\(approved.stdout)\(approved.stderr)")
    #expect(try await project.run("resume").exit == 0)
  }

  /// `HH:MM`, so many minutes from the next full one.
  private func minute(_ distance: Int) async throws -> String {
    let text: SQL = "SELECT to_char(date_trunc('minute', clock_timestamp() AT TIME ZONE 'UTC') + \(distance + 1) * interval '1 min', 'HH24:MI')"
    return try await TestDatabase.current.sql(text).value ?? ""
  }

  @Test("window_end: pause: a step at work stops at its checkpoint when the window closes, and goes on in the next one",
        .ownTime(.minutes(5)))
  func windowEnd() async throws {
    try await TestDatabase.current.script(Sample.slowTable(rows: 14_000))
    // Windows have minutes: not at the end of one.
    while try await TestDatabase.current.sql("SELECT extract(second FROM clock_timestamp()) < 50").value != "t" {
      try await Task.sleep(for: .milliseconds(200))
    }
    let windows = "[\"\(try await minute(-60))-\(try await minute(0)) UTC\", \"\(try await minute(1))-\(try await minute(30)) UTC\"]"
    let project = try Project(Sample.batch, more: "windows: \(windows)\nwindow_end: pause")
    let running = try project.start("apply", "--yes", "--wait=5min")
    try await project.until("SELECT to_regclass('caisson.run') IS NOT NULL")
    try await project.until("SELECT count(*) = 1 FROM caisson.run WHERE state = 'waiting'")
    let state: SQL = """
      SELECT count(*) FILTER (WHERE n = 1) > 20 AND count(*) FILTER (WHERE n = 0) > 20 AND (SELECT string_agg(state, ' ') FROM
        caisson.task WHERE cursor IS NOT NULL) <> 'done' AND (SELECT bool_and(reason LIKE 'outside of its window%' AND next_at
        = date_trunc('minute', next_at)) FROM caisson.gate WHERE state = 'closed') FROM t
      """
    #expect(try await project.database.sql(state).value == "t", "in the middle of its work: \(running.output)")
    #expect(try await project.run("status").stdout.contains("outside of its window"))
    try await project.database.script("DROP TRIGGER dawdle ON t")
    #expect(await running.wait() == 0, "\(running.output)")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == "14000", "each row once")
    #expect(try await project.json("journal check")["sound"] == true)
  }
}
