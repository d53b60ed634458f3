import BuiltinPlugins
import Engine
import Journal
import PlanModel
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Plans with scheduled steps on the test's database, and what became of their moments.
struct Ticking: Sendable {
  static let database = "CREATE TABLE fired (id int GENERATED ALWAYS AS IDENTITY, what text NOT NULL)"

  /// What stands under `schedule:` of step `tick`, which needs `base`.
  static func steps(_ schedule: String = "{ every: 1h }", what: String = "tick") -> String {
    """
      base: { uses: sql.run, with: { up: CREATE TABLE base (id int), down: DROP TABLE base } }
      tick:
        uses: sql.run
        needs: [base]
        schedule: \(schedule)
        with: { up: "INSERT INTO fired (what) VALUES ('\(what)')", down: "DELETE FROM fired WHERE what = '\(what)'" }
    """
  }

  let harness: EngineHarness
  var database: TestDatabase { harness.database }

  init(_ steps: String = Ticking.steps(), registry: StepRegistry = .builtin) throws {
    harness = try EngineHarness(steps, registry: registry)
  }

  /// Applied, so that there are schedules; what apply has done itself is forgotten.
  static func applied(_ steps: String = Ticking.steps(), registry: StepRegistry = .builtin) async throws -> Ticking {
    let ticking = try Ticking(steps, registry: registry)
    let report = try await ticking.harness.runner().apply()
    guard case .succeeded = report.ending else { throw EngineError(.failed, "\(report.ending)") }
    try await ticking.database.script("DELETE FROM fired")
    return ticking
  }

  func schedules(stop: StopSignal = StopSignal()) -> Schedules {
    let address = TargetAddress(name: harness.resolved.environment.targetName, connection: database.target)
    return Schedules(harness.resolved, target: Target(address), registry: harness.registry, stop: stop)
  }

  /// The next moment was so long ago.
  func due(_ ago: String = "1 second", step: String = "tick") async throws {
    try await database.sql(
      "UPDATE caisson.schedule SET next_at = clock_timestamp() - \(ago)::interval WHERE step = \(step)")
  }

  /// Fires until nothing is left; the outcomes.
  @discardableResult
  func fireAll(_ schedules: Schedules? = nil) async throws -> [FiringReport] {
    let schedules = schedules ?? self.schedules()
    var reports: [FiringReport] = []
    while let report = try await schedules.fireDue() { reports.append(report) }
    return reports
  }

  func fired() async throws -> Int { try await count("SELECT count(*) FROM fired") }

  func count(_ query: SQL) async throws -> Int { try await database.sql(query).value.flatMap { Int($0) } ?? -1 }

  /// `done skippedx3 …` in the order of the moments.
  func firings(_ step: String = "tick") async throws -> String {
    try await database.sql(
      """
      SELECT coalesce(string_agg(f.state || CASE WHEN f.moments > 1 THEN 'x' || f.moments ELSE '' END, ' '
        ORDER BY f.due_at), '') FROM caisson.firing f JOIN caisson.schedule s USING (schedule_id) WHERE s.step = \(step)
      """).value ?? ""
  }

  func reason() async throws -> String {
    try await database.sql("SELECT reason FROM caisson.firing ORDER BY due_at DESC LIMIT 1").value ?? ""
  }

  func runs() async throws -> Int {
    try await count("SELECT count(*) FROM caisson.run WHERE variant = 'schedule:tick'")
  }

  /// Claims as a process that is alive, or as one that is gone.
  func claim(alive: Bool) async throws -> Row {
    var identity = ThisProcess.identity()
    if !alive { identity.processStart = identity.processStart.prefix { $0 != "/" } + "/1" }
    let connection = try await database.connect()
    let scope = ScheduleScope(
      plan: "test", environment: "staging", target: "staging", planHash: harness.resolved.planHash)
    _ = try await schedules().recordDue()
    try await connection.query(JournalSQL.registerRunner(identity))
    let rows = try await connection.query(JournalSQL.claimFiring(scope, runner: identity.id, ttl: .seconds(600))).rows
    await connection.close()
    return try #require(rows.first)
  }

  func expectSound(_ place: SourceLocation = #_sourceLocation) async throws {
    #expect(try await harness.flaws() == [], sourceLocation: place)
  }
}

extension FiringReport {
  var isDone: Bool { if case .ended(.done) = outcome { true } else { false } }
  var end: FiringEnd? { if case .ended(let end) = outcome { end } else { nil } }
}

/// Does what table `chores` holds; nothing when it is empty.
enum Chores: StepKind, Plugin {
  static let name = "test.chores"
  static let summary = "Moves rows."
  static let kinds: [any StepKind.Type] = [Chores.self]
  static let registry = StepRegistry(StepRegistry.builtin.plugins + [Chores.self])

  struct Parameters: ParameterSet {}

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    guard try await !facts.rows("SELECT FROM chores").isEmpty else { return .alreadySo() }
    let move: SQL = "WITH d AS (DELETE FROM chores RETURNING id) INSERT INTO fired (what) SELECT id::text FROM d"
    return Program(operations: [
      Operation(
        id: "move", title: "move", work: .transaction(TransactionWork([TransactionStatement(move)])),
        undo: .nothing)
    ])
  }
}
