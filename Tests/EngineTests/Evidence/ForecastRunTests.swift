import BuiltinPlugins
import Engine
import JSONText
import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

/// What staging has measured, and how large production is: `plan` foretells, and the run is compared with it.
@Suite(.database, .ownTime(.minutes(5))) struct ForecastRunTests {
  private static let steps = """
      copy: { uses: sql.run, with: { up: "INSERT INTO other SELECT id FROM big, pg_sleep(0.2)", down: DELETE FROM other } }
      index: { uses: index.create, needs: [copy], with: { table: big, columns: [id], name: again } }
    """

  private func tables(_ rows: Int, on database: TestDatabase) async throws {
    try await database.script(
      "CREATE TABLE big (id bigint PRIMARY KEY, x text); CREATE TABLE other (id bigint); "
        + "INSERT INTO big SELECT g, repeat('x', 50) FROM generate_series(1, \(rows)) g; ANALYZE")
  }

  private func stages(_ body: (EngineHarness, EngineHarness) async throws -> Void) async throws {
    try await TestDatabase.with { other in
      let staging = try EngineHarness(Self.steps, registry: .builtin, database: other)
      var production = try EngineHarness(
        Self.steps, registry: .builtin, named: "production",
        environment: "requires: { environment: staging, from: service=staging, soak: 1h }")
      production.evidence = other.target
      try await tables(10_000, on: other)
      try await tables(80_000, on: .current)
      try await body(staging, production)
    }
  }

  @Test("while staging soaks, plan says what production will take; where nothing was measured, that nothing was")
  func preview() async throws {
    try await stages { staging, production in
      let before = try #require(try await production.runner().preview().forecast).plan
      #expect(!before.hasBasis && before.withoutBasis == ["copy", "index"] && before.seconds == 0)
      try await staging.applied()
      let preview = try await production.runner().preview()
      let plan = try #require(preview.forecast).plan
      #expect(preview.evidence?.closed?.kind == "soak" && plan.withoutBasis == [])
      let copy = try #require(plan["copy"]), basis = copy.basis
      #expect(basis.environment == "staging" && basis.samples == 1 && basis.growth?.here.rows == 80_000)
      #expect((7.5...8.5).contains(basis.ratio) && copy.seconds > 1 && copy.walBytes > 1_000_000, "\(copy)")
      #expect(plan.criticalPath == ["copy", "index"] && plan.elapsed >= copy.seconds)
      #expect(try await TestDatabase.current.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
      // Forged numbers of a journal that says so itself: bounded.
      try await staging.database.sql(
        "UPDATE caisson.evidence SET body = jsonb_set(body, '{steps,copy,measures,work,scan,seconds}', '1e300')")
      let hostile = try #require(try await production.runner().preview().forecast).plan
      #expect(hostile.seconds.isFinite && hostile.seconds <= 4e18)
    }
  }

  @Test("the forecast is kept with the run before its first step, and compared with what it took")
  func compared() async throws {
    try await stages { staging, production in
      try await staging.applied()
      try await staging.database.sql(
        """
        UPDATE caisson.evidence SET body = jsonb_set(body, '{finished_at}', to_jsonb(to_char(
          (clock_timestamp() - interval '2 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
        """)
      try await production.applied()
      let connection = try await TestDatabase.current.connect()
      let reader = JournalReader(connection)
      let run = try #require(try await reader.latestRun(plan: "test", environment: "production"))
      let kept = try #require(try await reader.forecasts(of: [run.id])[run.id])
      let steps = ForecastComparison.steps(kept.body, measured: kept.measured)
      #expect(Set(steps.keys) == ["copy", "index"] && steps.values.allSatisfy { ($0.factor ?? 0) > 0 })
      #expect(ForecastComparison.total(steps)?.measured ?? 0 >= 0.2)
      await connection.close()
    }
  }

  @Test("without `requires` an earlier run of the plan here is what it goes by")
  func own() async throws {
    try await tables(10_000, on: .current)
    let harness = try EngineHarness(Self.steps, registry: .builtin)
    try await harness.applied()
    #expect(try await harness.database.sql("SELECT count(*) FROM caisson.forecast").value == "0")
    try await harness.database.script("DROP INDEX again; DELETE FROM other")
    try await harness.applied(again: true)
    let kept = try await harness.database.sql(
      "SELECT body #>> '{steps,index,basis,sureness}' FROM caisson.forecast").rows.map { $0[0] }
    #expect(kept == ["measured"])
  }
}
