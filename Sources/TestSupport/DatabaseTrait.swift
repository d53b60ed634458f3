package import Testing

/// Gives every test case a fresh database: `TestDatabase.current`.
package struct DatabaseTrait: TestTrait, SuiteTrait, TestScoping {
  let template: String

  package var isRecursive: Bool { true }

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> DatabaseTrait? { testCase == nil ? nil : self }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await TestDatabase.scope(template: template, function)
  }
}

extension Trait where Self == DatabaseTrait {
  package static var database: DatabaseTrait { DatabaseTrait(template: "") }

  /// The database starts with what `template`, an SQL script run once, made.
  package static func database(template: String) -> DatabaseTrait { DatabaseTrait(template: template) }
}
