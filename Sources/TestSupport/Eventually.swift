import PostgresClient
import SQLText
package import Testing

/// Polls until it is so; false after two minutes, which only what hangs takes, on a slow and busy machine too.
package func eventually(_ isSo: () async throws -> Bool) async rethrows -> Bool {
  let end = ContinuousClock.now + .seconds(120)
  while ContinuousClock.now < end {
    if try await isSo() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return try await isSo()
}

/// Polls until it is so; that it never was is the test's failure.
package func until(
  _ what: @autoclosure () -> String, at place: SourceLocation = #_sourceLocation, _ isSo: () async throws -> Bool
) async rethrows {
  guard try await !eventually(isSo) else { return }
  Issue.record("never: \(what())", sourceLocation: place)
}

extension TestDatabase {
  /// Polls until the query says true.
  package func until(_ query: String, at place: SourceLocation = #_sourceLocation) async throws {
    try await TestSupport.until(query, at: place) { try await sql(SQL(verbatim: query)).value == "t" }
  }
}
