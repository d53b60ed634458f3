package import Testing

/// Gives every test case a fresh database: `TestDatabase.current`.
package struct DatabaseTrait: TestTrait, SuiteTrait, TestScoping {
  let template: String

  package var isRecursive: Bool { true }

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> DatabaseTrait? { testCase == nil ? nil : self }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await TestDatabase.scope(template: template, first: test.tags.contains(.waits), function)
  }
}

extension Trait where Self == DatabaseTrait {
  package static var database: DatabaseTrait { DatabaseTrait(template: "") }

  /// The database starts with what `template`, an SQL script run once, made.
  package static func database(template: String) -> DatabaseTrait { DatabaseTrait(template: template) }
}

extension Tag {
  /// Waits much longer than it works: it gets its database before the others, so that nobody waits for it at the end.
  @Tag package static var waits: Self
}
