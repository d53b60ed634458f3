import ChildProcess
import Engine
import Glibc
package import JSONText
import PlanModel
package import PluginAPI
import PostgresClient
import SQLText
import Sandbox
package import Testing

/// What every step kind promises, tried on one step against the test's database, which the plan may change and has to
/// leave as it was.
package struct Conformance: Sendable {
  /// Stands behind `uses:`.
  let kind: String
  let parameters: JSON
  let registry: StepRegistry
  let environment: String
  /// Lines of what the step may change and has to put back.
  let state: @Sendable () async throws -> String

  /// `environment`: further keys of its file.
  package init(
    _ kind: String, _ parameters: JSON, registry: StepRegistry, environment: String = "",
    state: @escaping @Sendable () async throws -> String = { try await CatalogText.read() }
  ) {
    self.state = state
    self.kind = kind
    self.parameters = parameters
    self.registry = registry
    self.environment = environment
  }

  /// Every promise, one after the other.
  package func expect(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let start = try await state()
    try expectMark(sourceLocation)
    try await expectDryRun(start, sourceLocation)
    try await expectSurvival("apply", sourceLocation)
    let killed = try await state()
    #expect(killed != start, "the step changes nothing", sourceLocation: sourceLocation)
    try await expectSurvival("rollback", sourceLocation)
    try await expectSame(start, "after a rollback killed after each operation", sourceLocation)
    let harness = try harness()
    let ending = try await harness.runner().apply(again: true).ending
    guard case .succeeded = ending else { return _ = Issue.record("\(ending)", sourceLocation: sourceLocation) }
    try await expectSame(killed, "killed after each operation, or never", sourceLocation)
    try await expectNothingLeft(harness, killed, sourceLocation)
    #expect(try await harness.flaws() == [], sourceLocation: sourceLocation)
  }

  /// Every promise of a step that nothing takes back; `reset` puts the database back to where it was.
  package func expectOneWay(
    sourceLocation: SourceLocation = #_sourceLocation, reset: @Sendable () async throws -> Void
  ) async throws {
    let start = try await state()
    try expectMark(sourceLocation)
    try await expectDryRun(start, sourceLocation)
    try await expectSurvival("apply", sourceLocation)
    let killed = try await state()
    #expect(killed != start, "the step changes nothing", sourceLocation: sourceLocation)
    try await reset()
    try await expectSame(start, "after it was put back", sourceLocation)
    let harness = try harness()
    let ending = try await harness.runner().apply(again: true).ending
    guard case .succeeded = ending else { return _ = Issue.record("\(ending)", sourceLocation: sourceLocation) }
    try await expectSame(killed, "killed after each operation, or never", sourceLocation)
    try await expectNothingLeft(harness, killed, sourceLocation)
    let back = try? await harness.runner().rollback().ending
    if case .rolledBack = back { Issue.record("it was rolled back", sourceLocation: sourceLocation) }
    try await expectSame(killed, "after a rollback was refused", sourceLocation)
    #expect(try await harness.flaws() == [], sourceLocation: sourceLocation)
  }

  func harness(further: [(String, JSON)] = []) throws -> EngineHarness {
    try EngineHarness("  s: \(step(further: further))", registry: registry, environment: environment)
  }

  private func step(further: [(String, JSON)] = []) -> String {
    let with = JSON.object(JSONObject((parameters.object?.members ?? []).map { ($0.key, $0.value) } + further))
    return JSON.object(JSONObject([("uses", .string(kind)), ("with", with)])).text
  }

  func expectSame(_ wanted: String, _ when: String, _ location: SourceLocation) async throws {
    let found = try await state()
    #expect(CatalogText.difference(wanted, found) == [], "\(when)", sourceLocation: location)
  }

  // MARK: Promises

  func expectMark(_ location: SourceLocation) throws {
    do {
      _ = try harness(further: [("no_such_key", 1)])
      Issue.record("an unknown key is let through", sourceLocation: location)
    } catch let error as InvalidInput {
      let found = error.diagnostics.items.filter { $0.message.contains("no_such_key") }
      #expect(!found.isEmpty && error.description.contains("^"), "\(error)", sourceLocation: location)
    }
  }

  func expectDryRun(_ start: String, _ location: SourceLocation) async throws {
    let preview = try await harness().runner().preview()
    #expect(preview.preparation.refusals.isEmpty, "\(preview.preparation.refusals)", sourceLocation: location)
    try await expectSame(start, "after a dry run", location)
    let journal = try await TestDatabase.current.sql("SELECT to_regnamespace('caisson') IS NULL").value
    #expect(journal == "t", sourceLocation: location)
  }

  private func expectNothingLeft(_ harness: EngineHarness, _ end: String, _ location: SourceLocation) async throws {
    let second = try await harness.runner().apply().ending
    guard case .alreadyApplied = second else { return _ = Issue.record("\(second)", sourceLocation: location) }
    try await expectSame(end, "after a second run", location)
  }

  // MARK: Killing

  /// The command dies as soon as an operation is done and is started again, until it comes to its end.
  private func expectSurvival(_ command: String, _ location: SourceLocation) async throws {
    try await TemporaryFolder.with { folder in
      let plan = "caisson: 1\nplan: test\nsteps:\n  s: \(step())\n"
      let file = "environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\n\(environment)\n"
      try ServerFiles.write(plan, to: "\(folder)/plan.yaml", mode: 0o644, owner: nil)
      try ServerFiles.write(file, to: "\(folder)/staging.yaml", mode: 0o644, owner: nil)
      for kills in 0..<500 {
        let output = try await Command(
          [CaissonProgram.path("caisson-test"), command, "\(folder)/staging.yaml"],
          additions: ["TARGET": TestDatabase.current.url, "CAISSON_TEST_KILL": "operation"], timeout: .seconds(120)
        ).run()
        if output.status == .signaled(SIGKILL), !output.timedOut { continue }
        #expect(
          output.succeeded, "\(command), killed \(kills) times: \(output.text)", sourceLocation: location)
        #expect(kills > 0, "\(command) was never killed", sourceLocation: location)
        return
      }
      Issue.record("\(command) does not end", sourceLocation: location)
    }
  }
}
