import TestSupport
import Testing

@testable import Gates

@Suite("documentation of Gates") struct ReadmeTests {
  private let documents = PluginDocuments(GatesPlugin.self)

  @Test("the README's parameter tables are those of the declarations")
  func tables() throws { try documents.expectTables() }

  @Test("every kind has an example, and every example is read by its step")
  func examples() throws { try documents.expectExamples() }
}
