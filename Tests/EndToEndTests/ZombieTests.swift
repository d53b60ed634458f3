import Glibc
import JSONText
import PostgresClient
import TestSupport
import Testing

/// A runner that stands still for longer than its lease, and wakes up when another one has gone on.
@Suite(.database(template: Sample.slowTable(rows: 2500))) struct ZombieTests {
  @Test("it writes nothing any more: the rows are changed once, and the journal's history has no word of it")
  func zombie() async throws {
    let project = try Project(Sample.batch)
    let first = try project.start("apply")
    try await project.until(
      "SELECT to_regclass('caisson.task') IS NOT NULL")
    try await project.until(
      "SELECT count(*) > 0 FROM caisson.task WHERE kind = 'chunked' AND state = 'running' AND chunks > 1")
    first.signal(SIGSTOP)
    let runner = try await project.database.sql("SELECT runner_id FROM caisson.lease").value ?? ""
    // The server's clock is what leases end by: as if half a minute had gone.
    try await project.database.sql("UPDATE caisson.lease SET until = clock_timestamp() - interval '1 second'")
    let second = try await project.run("apply")
    #expect(second.exit == 0, "\(second.stdout)\(second.stderr)")
    let last = try await project.database.sql("SELECT max(id) FROM caisson.event").value ?? "0"
    first.signal(SIGCONT)
    let exit = await first.wait()
    // Whatever it makes of it, it must not call the run a failure of its own.
    #expect([0, 5, 6].contains(exit), "\(exit): \(first.output)")
    let words = try await project.database.sql(
      "SELECT count(*) FROM caisson.event WHERE id > \(Int64(last) ?? 0) AND actor = \(runner)")
    #expect(words.value == "0")
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n <> 1").value == "0")
    #expect(try await project.database.sql("SELECT state FROM caisson.run").value == "succeeded")
    let outcomes = try await project.database.sql(
      "SELECT string_agg(outcome, ' ' ORDER BY attempt) FROM caisson.attempt WHERE step = 'fill'")
    #expect(outcomes.value == "abandoned ok")
    #expect(try await project.json("journal check")["sound"] == true)
    #expect(try await project.json("audit verify")["sound"] == true)
  }
}
