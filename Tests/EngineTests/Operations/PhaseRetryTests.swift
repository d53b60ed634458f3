import Engine
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Compiles against what it finds, and meets something else the first time: in both directions.
enum Surprised: StepKind {
  static let name = "test.surprised"
  static let summary = "Changes under its own feet what it was compiled for."

  struct Parameters: ParameterSet {}

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let there = try await facts.rows("SELECT count(*) FROM seen WHERE phase = \(step.phase)").first?[0] ?? ""
    let surprise = Operation.transaction(
      id: "surprise", title: "surprise", [TransactionStatement("INSERT INTO seen VALUES (\(literal: step.phase))")],
      unless: "SELECT count(*) > 0 FROM seen WHERE phase = \(literal: step.phase)", undo: .nothing)
    let work = Operation.transaction(
      id: "work", title: "work",
      [
        TransactionStatement(
          "SELECT count(*) = \(sql: there) FROM seen WHERE phase = \(literal: step.phase)", expect: .isTrue,
          onMismatch: .retryPhase, message: "somebody was here"),
        TransactionStatement("INSERT INTO log (what) VALUES (\(literal: "\(step.phase) with \(there)"))"),
      ], undo: .recompile(phase: "revert"))
    return Program(operations: [surprise, work])
  }
}

enum SurprisedPlugin: Plugin {
  static let name = "Surprised"
  static let summary = "For tests."
  static var kinds: [any StepKind.Type] { [Surprised.self] }
}

@Suite(.database(template: "CREATE TABLE seen (phase text); CREATE TABLE log (n serial, what text)")) struct PhaseRetryTests {
  private func log() async throws -> String {
    try await TestDatabase.current.sql("SELECT string_agg(what, ', ' ORDER BY n) FROM log").value ?? ""
  }

  @Test("a phase that met another catalog is compiled anew, forward and back, and what it had done is not kept against it")
  func again() async throws {
    let harness = try EngineHarness(
      "  s: { uses: test.surprised, retry: { attempts: 4, backoff: 10ms..20ms } }",
      registry: StepRegistry([SurprisedPlugin.self]))
    let report = try await harness.runner().apply()
    #expect(report.ending.isSuccess, "\(report.ending)")
    #expect(try await log() == "apply with 1")
    #expect(try await harness.flaws() == [])
    let back = try await harness.runner().rollback()
    #expect(back.ending.isRolledBack, "\(back.ending)")
    #expect(try await log() == "apply with 1, revert with 1")
    #expect(try await harness.flaws() == [])
  }
}
