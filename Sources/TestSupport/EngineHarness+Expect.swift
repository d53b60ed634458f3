import Engine
package import Testing

extension EngineHarness {
  /// Applies; anything but success, and any flaw of the journal afterwards, is an issue.
  package func applied(again: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await runner().apply(again: again).ending
    guard case .succeeded = ending else { return record(ending, sourceLocation) }
    #expect(try await flaws() == [], sourceLocation: sourceLocation)
  }

  /// Rolls back; anything but that, and any flaw of the journal afterwards, is an issue.
  package func rolledBack(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await runner().rollback().ending
    guard case .rolledBack = ending else { return record(ending, sourceLocation) }
    #expect(try await flaws() == [], sourceLocation: sourceLocation)
  }

  private func record(_ ending: RunReport.Ending, _ location: SourceLocation) {
    Issue.record("\(ending)\n\(events.text.suffix(2500))", sourceLocation: location)
  }
}
