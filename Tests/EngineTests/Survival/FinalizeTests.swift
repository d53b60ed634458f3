import Engine
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// A step that keeps a way back for a while and closes it later.
enum KeepForAWhile: StepKind {
  static let name = "test.keep"
  static let summary = "Makes a table, and drops what it kept when it is due."
  static let phases = ["apply", "finalize"]

  struct Parameters: ParameterSet {
    @Parameter("How long.") var keep: TimeSpan
  }

  static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan? { parameters.keep }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    if step.phase == "apply" {
      return Program(operations: [
        .transaction(
          id: "make", title: "make", [TransactionStatement("CREATE TABLE kept ()")],
          undo: .operations([
            .transaction(id: "unmake", title: "unmake", [TransactionStatement("DROP TABLE kept")], undo: .nothing)
          ]))
      ], carry: "from the first phase")
    }
    return Program(operations: [
      .transaction(
        id: "drop", title: "drop", [TransactionStatement("ALTER TABLE kept RENAME TO gone")],
        undo: .irreversible(reason: "it is gone"))
    ])
  }
}

enum KeepPlugin: Plugin {
  static let name = "Keep"
  static let summary = "For tests."
  static var kinds: [any StepKind.Type] { [KeepForAWhile.self] }
}

@Suite(.database) struct FinalizeTests {
  private let registry = StepRegistry([KeepPlugin.self])

  @Test("a phase that is put off leaves the run succeeded, waits until it is due, and can be taken early")
  func early() async throws {
    let harness = try EngineHarness(
      "  keep: { uses: test.keep, with: { keep: 1 day } }", registry: registry, environment: "accept_irreversible: [keep]")
    guard case .succeeded = try await harness.runner().apply().ending else { Issue.record("not applied"); return }
    let due = try await harness.database.sql(
      "SELECT finalize_due BETWEEN now() + interval '23 hours' AND now() + interval '25 hours' FROM caisson.run")
    #expect(due.value == "t")
    #expect(try await harness.runner().finalize() == nil, "it is not due")
    guard case .succeeded = try await harness.runner().finalize(early: true)?.ending else {
      Issue.record("not finalized")
      return
    }
    #expect(try await harness.database.sql("SELECT to_regclass('gone') IS NOT NULL").value == "t")
    #expect(try await harness.runner().finalize(early: true) == nil, "once")
    #expect(try await harness.flaws() == [])
    await #expect(throws: EngineError.self, "a point of no return") { try await harness.runner().rollback() }
  }

  @Test("until then a rollback takes the run back, and nothing is left to finalize")
  func rollback() async throws {
    let harness = try EngineHarness(
      "  keep: { uses: test.keep, with: { keep: 1 day } }", registry: registry, environment: "accept_irreversible: [keep]")
    _ = try await harness.runner().apply()
    guard case .rolledBack = try await harness.runner().rollback().ending else { Issue.record("not back"); return }
    #expect(try await harness.database.sql("SELECT to_regclass('kept') IS NULL").value == "t")
    #expect(try await harness.runner().finalize(early: true) == nil)
    #expect(try await harness.flaws() == [])
  }

  @Test("a worker carries out what is due by itself")
  func worker() async throws {
    let harness = try EngineHarness(
      "  keep: { uses: test.keep, with: { keep: 1s } }", registry: registry, environment: "accept_irreversible: [keep]")
    _ = try await harness.runner().apply()
    try await harness.database.sql("SELECT pg_sleep(1.1)")
    await Worker({ harness.runner() }, stop: StopSignal(), once: true) { turn in
      if case .trouble(let error) = turn { Issue.record(error) }
    }.run()
    #expect(try await harness.database.sql("SELECT to_regclass('gone') IS NOT NULL").value == "t")
    #expect(try await harness.flaws() == [])
  }

  @Test("a later phase that cannot be taken back needs its acceptance like a first one")
  func acceptance() async throws {
    let harness = try EngineHarness("  keep: { uses: test.keep, with: { keep: 1s } }", registry: registry)
    _ = try await harness.runner().apply()
    guard case .failed(let errors) = try await harness.runner().finalize(early: true)?.ending else {
      Issue.record("it was carried out")
      return
    }
    #expect(errors.first?.hint?.contains("accept_irreversible") == true, "\(errors)")
    #expect(try await harness.database.sql("SELECT to_regclass('kept') IS NOT NULL").value == "t")
  }
}
