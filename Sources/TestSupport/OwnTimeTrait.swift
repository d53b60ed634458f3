package import Testing

/// Ends a test that hangs. Unlike `.timeLimit` it counts from the test's own turn when it stands behind `.database`: all
/// tests of a pass begin at once, and most of a pass is waiting for a database.
package struct OwnTimeTrait: TestTrait, SuiteTrait, TestScoping {
  let limit: Duration

  package var isRecursive: Bool { true }

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> OwnTimeTrait? { testCase == nil ? nil : self }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withoutActuallyEscaping(function) { function in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await function() }
        group.addTask {
          try await Task.sleep(for: limit)
          Issue.record("not over after \(limit) of its own", sourceLocation: test.sourceLocation)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }
}

extension Trait where Self == OwnTimeTrait {
  /// Of each test case, from its turn on.
  package static func ownTime(_ limit: Duration) -> OwnTimeTrait { OwnTimeTrait(limit: limit) }
}

extension Duration {
  package static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
}
