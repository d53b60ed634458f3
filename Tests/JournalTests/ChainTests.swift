import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct ChainTests {
  @Test("history is only appended", arguments: [
    "UPDATE caisson.event SET data = '{}'", "DELETE FROM caisson.event", "TRUNCATE caisson.event",
    "UPDATE caisson.event SET kind = 'x', seq = 99, hash = '\\x00' WHERE seq IS NULL",
  ])
  func guarded(_ attack: String) async throws {
    let fixture = try await JournalFixture()
    #expect(await fixture.refusal(SQL(verbatim: attack)) == JournalCode.appendOnly)
    try await Sealer(fixture.connection).seal()
    #expect(await fixture.refusal(SQL(verbatim: attack)) == (attack.contains("IS NULL") ? nil : JournalCode.appendOnly))
  }

  @Test("several sealers beside writers lose nothing, seal nothing twice and leave no gap")
  func concurrent() async throws {
    let fixture = try await JournalFixture()
    let target = TestDatabase.current.target
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<3 {
        group.addTask {
          let connection = try await Connection.connect(target)
          for number in 0..<100 {
            try await connection.batch([
              "BEGIN",
              JournalSQL.event(.note, actor: "w\(writer)", data: ["n": .int(Int64(number))]),
              number.isMultiple(of: 7) ? "ROLLBACK" : "COMMIT",
            ])
          }
        }
      }
      for _ in 0..<2 {
        group.addTask {
          let sealer = Sealer(try await Connection.connect(target), batch: 10)
          for _ in 0..<60 { try await sealer.seal() }
        }
      }
      try await group.waitForAll()
    }
    try await Sealer(fixture.connection, batch: 17).seal()
    let audit = try await Audit.run(on: fixture.connection)
    #expect(audit.isSound && audit.unsealed == 0 && audit.sealed == 1 + 3 * 85)
    let numbers = try await fixture.sql("SELECT count(DISTINCT seq) AS n, max(seq) AS m FROM caisson.event")
    #expect(numbers.first?.values == ["256", "256"])
    try await fixture.expectSound()
  }

  @Test("verification finds a changed, a removed and a forged row, under any session settings", arguments: [
    ("UPDATE caisson.event SET data = '{\"n\": 3}' WHERE seq = 2", 2),
    ("DELETE FROM caisson.event WHERE seq = 2", 3),
    ("UPDATE caisson.event SET at = at + interval '1 microsecond' WHERE seq = 3", 3),
    ("DELETE FROM caisson.event WHERE seq = 5", 5),
  ])
  func tampered(_ damage: String, _ seq: Int) async throws {
    let fixture = try await JournalFixture()
    for number in 1...4 {
      try await fixture.sql(JournalSQL.event(.note, actor: "x", data: ["n": .int(Int64(number))]))
    }
    try await Sealer(fixture.connection).seal()
    try await fixture.sql(JournalSQL.event(.note, actor: "x"))
    try await fixture.sql("SET TimeZone = 'Asia/Kathmandu'")
    try await fixture.sql("SET DateStyle = 'German'")
    let before = try await Audit.run(on: fixture.connection)
    #expect(before.isSound && before.sealed == 5 && before.unsealed == 1 && before.oldestUnsealed != nil)
    try await fixture.sql("ALTER TABLE caisson.event DISABLE TRIGGER ALL")
    try await fixture.sql(SQL(verbatim: damage))
    #expect(try await Audit.run(on: fixture.connection).flaws.map(\.seq).contains(Int64(seq)))
  }

  @Test("every kind of event reads as a line")
  func lines() async throws {
    let fixture = try await JournalFixture()
    for kind in EventKind.allCases { try await fixture.sql(JournalSQL.event(kind, step: "s", actor: "x")) }
    let lines = try await fixture.reader.events(step: "s").map(EventText.line)
    #expect(lines.count == EventKind.allCases.count)
    #expect(Set(lines).count == lines.count)
    let raw = lines.filter { line in EventKind.allCases.contains { $0 != .note && line.hasSuffix(" " + $0.rawValue) } }
    #expect(raw == [])
  }

  @Test("an event says what happened")
  func sentences() async throws {
    let fixture = try await JournalFixture()
    let run = try await fixture.run("a", rides: false)
    let holding = try #require(try await fixture.claim(run))
    try await fixture.work(holding)
    try await fixture.sql(JournalSQL.stepWaiting(holding, reason: "session 42 holds public.t"))
    let lines = try await fixture.reader.events(run: run).map(EventText.line)
    #expect(lines == [
      "the run was created with 1 steps", "a: started", "a, task 1: op0 done", "a: waits: session 42 holds public.t",
    ])
    let last = try #require(try await fixture.reader.events(run: run).last)
    #expect(try await fixture.reader.events(after: last.id, run: run).isEmpty)
  }
}
