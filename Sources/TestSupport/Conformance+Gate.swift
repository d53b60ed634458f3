import Engine
import PostgresClient
import SQLText
package import Testing

extension Conformance {
  /// What every gate promises: closed, it says why and when it is asked again, and changes nothing; open, it lets through,
  /// and the next run asks anew. `open` and `close` make it so.
  package func expectGate(
    open: () async throws -> Void, close: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await close()
    let start = try await state()
    try expectMark(sourceLocation)
    try await expectDryRun(start, sourceLocation)
    let harness = try harness()
    for _ in 0..<2 {
      guard case .waiting(let gates) = try await harness.runner().apply().ending, gates.count == 1 else {
        return _ = Issue.record("it does not wait: \(harness.events.text)", sourceLocation: sourceLocation)
      }
      #expect(gates[0].step == "s" && gates[0].reason.hasPrefix("s: ") && gates[0].reason.count > 10, sourceLocation: sourceLocation)
      #expect(gates[0].next != nil && (gates[0].wait ?? .zero) > .zero, "when it is asked again", sourceLocation: sourceLocation)
    }
    let history: SQL = """
      SELECT count(*) FILTER (WHERE kind = 'gate.closed') || ' ' || count(*) FILTER (WHERE kind = 'step.claimed') FROM caisson.event
      """
    let told = try await TestDatabase.current.sql(history).value
    #expect(told == "1 0", "asked twice, told once, never begun", sourceLocation: sourceLocation)
    try await open()
    try await expectPassed(harness, again: false, sourceLocation)
    guard case .rolledBack = try await harness.runner().rollback().ending else {
      return _ = Issue.record("no way back: \(harness.events.text)", sourceLocation: sourceLocation)
    }
    try await expectPassed(harness, again: true, sourceLocation)
    try await close()
    guard case .waiting = try await harness.runner().apply(again: true).ending else {
      return _ = Issue.record("what an earlier run has found counts for the next", sourceLocation: sourceLocation)
    }
    try await expectSame(start, "whatever it found", sourceLocation)
    #expect(try await harness.flaws() == [], sourceLocation: sourceLocation)
  }

  private func expectPassed(_ harness: EngineHarness, again: Bool, _ location: SourceLocation) async throws {
    let ending = try await harness.runner().apply(again: again).ending
    guard case .succeeded = ending else { return _ = Issue.record("\(ending)", sourceLocation: location) }
  }
}
