import BuiltinPlugins
import Digest
import Engine
import Journal
import JSONText
import PostgresClient
import RunModel
import Sandbox
import SQLText
import TestSupport
import Testing

/// What production answers to what staging shows it, on two databases.
@Suite(.database, .ownTime(.minutes(5))) struct EvidenceGateTests {
  private var database: TestDatabase { .current }

  @Test("production waits until staging has run the same release, and keeps what admitted it")
  func overConnection() async throws {
    try await Stages.with { stages in
      let none = try await stages.closed()
      #expect(none?.kind == "evidence" && none?.reason.contains("staging has no evidence of test") == true, "\(String(describing: none))")
      #expect(try await !stages.made("one"))
      try await stages.staging.applied()
      // `plan` says it beforehand, and writes nothing.
      let preview = try #require(try await stages.production.runner().preview().evidence)
      #expect(preview.closed == nil && preview.run != nil)
      #expect(preview.notes == ["its rollback was not rehearsed in staging"])
      #expect(try await database.sql("SELECT count(*) FROM caisson.evidence").value == "0")

      #expect(try await stages.closed() == nil)
      let kept = try await database.sql(
        "SELECT v.environment, r.state, v.target FROM caisson.evidence v JOIN caisson.run r ON r.run_id = v.admits").rows
      #expect(kept.count == 1 && kept[0][0] == "staging" && kept[0][1] == "succeeded")
      #expect(try await database.sql("SELECT count(*) FROM caisson.event WHERE kind = 'evidence.accepted'").value == "1")
      // Its own is there too: production may be what the next one asks.
      #expect(try await database.sql("SELECT count(*) FROM caisson.evidence WHERE environment = 'production'").value == "1")
      #expect(try await stages.production.flaws() == [])
    }
  }

  @Test("evidence says what each step did, how long it took and what was verified")
  func body() async throws {
    try await Stages.with { stages in
      try await stages.staging.rolledBackOnce()
      try await stages.staging.applied()
      let text = try #require(try await stages.staging.database.sql(
        "SELECT body FROM caisson.evidence v JOIN caisson.run r USING (run_id) WHERE r.state = 'succeeded'").value)
      let evidence = try Evidence(body: try JSON(parsing: text))
      #expect(evidence.rollbackRehearsed && evidence.plan == "test" && evidence.target == "staging")
      #expect(evidence.releaseHash == stages.production.resolved.releaseHash)
      #expect(evidence.steps.mapValues(\.outcome) == ["one": .executed, "two": .executed])
      #expect(evidence.steps["one"]?.verify.count == 1 && evidence.steps["two"]?.needs == ["one"])
      #expect(evidence.plugins == ["PlainSQL": EngineVersion.text] && evidence.finishedAt > evidence.startedAt)
    }
  }

  @Test("one character edited between the stages is another release: refused, and what differs is said")
  func edited() async throws {
    let edited = Stages.steps.replacing("TABLE two ()", with: "TABLE twO ()")
    try await Stages.with(productionSteps: edited) { stages in
      try await stages.staging.applied()
      let closed = try await stages.closed()
      #expect(closed?.reason.contains("~ two.with.up") == true, "\(String(describing: closed))")
      #expect(try await !stages.made("one"))
    }
  }

  @Test("a step that staging skipped is refused here", arguments: ["", ", allow_difference: [one.verify]"])
  func skipped(_ more: String) async throws {
    try await Stages.with(more, staging: "steps: { two: { skip: not today } }") { stages in
      try await stages.staging.applied()
      #expect(try await stages.closed()?.reason == "step two was skipped in staging (not today), and is run here")
      #expect(try await !stages.made("one"))
    }
  }

  @Test("a step that staging verified less is refused here, unless the difference is listed: then it is said")
  func weaker() async throws {
    let weak = "steps: { one: { with: { verify: SELECT true } } }"
    try await Stages.with(staging: weak) { stages in
      try await stages.staging.applied()
      let reason = try await stages.closed()?.reason
      #expect(reason?.hasPrefix("one.verify: \"SELECT true\" in staging") == true, "\(reason ?? "")")
    }
    try await Stages.with(", allow_difference: [one.verify]", staging: weak) { stages in
      try await stages.staging.applied()
      try await database.sql("DROP SCHEMA IF EXISTS caisson CASCADE")
      #expect(try await stages.closed() == nil)
      #expect(stages.production.events.text.contains("one.verify: "))
    }
  }

  @Test("what is carried over or skipped here needs no proof")
  func notRunHere() async throws {
    try await Stages.with(
      staging: "steps: { two: { skip: not today } }", production: "steps: { two: { skip: not here either } }"
    ) { stages in
      try await stages.staging.applied()
      #expect(try await stages.closed() == nil)
      #expect(try await stages.made("one"))
    }
  }

  @Test("a step that a person has marked as done in staging proves nothing")
  func markedDone() async throws {
    try await Stages.with { stages in
      _ = try await stages.staging.runner().apply(until: "one")
      let run = try await stages.staging.database.sql("SELECT run_id FROM caisson.run").value ?? ""
      try await stages.staging.database.sql(JournalSQL.markDone(run: run, step: "two", actor: "me", reason: "by hand"))
      _ = try await stages.staging.runner().apply()
      #expect(try await stages.closed()?.reason.contains("step two was marked as done by a person") == true)
    }
  }

  @Test("staging soaks for as long as is asked, to the instant")
  func soak() async throws {
    try await Stages.with(", soak: 1h") { stages in
      try await stages.staging.applied()
      let closed = try await stages.closed()
      #expect(closed?.kind == "soak")
      let exact: SQL = "SELECT (finished_at + interval '1 hour')::text FROM caisson.run"
      #expect(try await stages.staging.database.sql(exact).value == closed?.next)
      try await stages.finished(ago: "59 min 55 s")
      #expect(try await stages.closed()?.kind == "soak")
      try await stages.finished(ago: "1 hour")
      #expect(try await stages.closed() == nil)
    }
  }

  @Test("evidence expires, but not under the run that it has let begin")
  func expired() async throws {
    try await Stages.with(", max_age: 2h") { stages in
      try await stages.staging.applied()
      try await stages.finished(ago: "2 hours 1 s")
      #expect(try await stages.closed()?.reason.contains("evidence counts for 2h") == true)
      try await stages.finished(ago: "1 hour")
      _ = try await stages.production.runner().apply(until: "one")
      #expect(try await stages.made("one"))
      try await stages.finished(ago: "3 hours")
      #expect(try await stages.closed() == nil)
    }
  }

  @Test("one piece of evidence admits one run: the next one is proven again")
  func replayed() async throws {
    try await Stages.with { stages in
      try await stages.staging.applied()
      #expect(try await stages.closed() == nil)
      let closed = try await stages.closed(again: true)
      #expect(closed?.reason.contains("one piece of evidence admits one run") == true, "\(String(describing: closed))")
      try await stages.staging.database.script("DROP TABLE two; DROP TABLE one")
      try await stages.staging.applied(again: true)
      try await database.script("DROP TABLE two; DROP TABLE one")
      #expect(try await stages.closed() == nil)
    }
  }

  @Test("what staging has taken back since does not stand, not even for a run that it had let begin")
  func rolledBack() async throws {
    try await Stages.with { stages in
      try await stages.staging.applied()
      _ = try await stages.production.runner().apply(until: "one")
      try await stages.staging.rolledBack()
      #expect(try await stages.closed()?.reason.contains("and is rolled_back now") == true)
      #expect(try await !stages.made("two"))
      try await stages.staging.applied(again: true)
      #expect(try await stages.closed() == nil)
    }
  }

  @Test("a run that was let begin goes on when staging cannot be asked; one that was not waits")
  func unreachable() async throws {
    try await Stages.with { stages in
      var alone = stages.production
      alone.evidence = ConnectionString("host=127.0.0.1 port=1 dbname=nowhere connect_timeout=2")
      guard case .waiting(let gates) = try await alone.runner().apply().ending else { return _ = Issue.record("not closed") }
      #expect(gates[0].reason.hasPrefix("the evidence of staging cannot be read: ") && gates[0].wait != nil)
      try await stages.staging.applied()
      _ = try await stages.production.runner().apply(until: "one")
      try await alone.applied()
    }
  }

  @Test("a worker waits at the gate and goes on by itself")
  func worker() async throws {
    try await Stages.with { stages in
      _ = try await stages.production.runner().submit()
      guard case .waiting = try await stages.production.runner().join()?.ending else { return _ = Issue.record("not closed") }
      #expect(try await stages.production.runner().join() == nil)
      try await stages.staging.applied()
      try await database.sql("UPDATE caisson.gate SET next_at = clock_timestamp()")
      guard case .succeeded = try await stages.production.runner().join()?.ending else { return _ = Issue.record("closed") }
    }
  }

  @Test("a process that died between success and evidence leaves it to whoever looks next; it is written once")
  func healed() async throws {
    try await Stages.with { stages in
      try await stages.staging.applied()
      let other = stages.staging.database
      let before = try await other.sql("DELETE FROM caisson.evidence RETURNING evidence_id").value
      #expect(try await stages.closed()?.reason.contains("no evidence") == true)
      #expect(try await stages.staging.runner().join() == nil)
      #expect(try await other.sql("SELECT evidence_id FROM caisson.evidence").value == before)
      try await other.sql("DELETE FROM caisson.evidence")
      async let first = stages.staging.runner().apply(), second = stages.staging.runner().apply()
      _ = try await (first, second)
      #expect(try await other.sql("SELECT evidence_id FROM caisson.evidence").rows.count == 1)
      #expect(try await stages.closed() == nil)
    }
  }
}

extension Stages {
  /// Moves the end of staging's runs, in its evidence as well.
  func finished(ago interval: String) async throws {
    try await staging.database.sql(
      """
      UPDATE caisson.evidence SET body = jsonb_set(body, '{finished_at}', to_jsonb(to_char(
        (clock_timestamp() - \(interval)::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
      """)
  }
}

extension EngineHarness {
  /// Applied and taken back: the rehearsal that evidence speaks of.
  func rolledBackOnce() async throws {
    try await applied()
    try await rolledBack()
  }
}
