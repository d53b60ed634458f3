import PluginAPI
import TestSupport
import Testing

@testable import Gates

@Suite(.database) struct QueryTests {
  @Test("a query that returns true opens; false and NULL close, with the message and what the query says", arguments: [
    ("{ query: SELECT true }", [], nil),
    ("{ query: SELECT false }", ["its query does not return true"], nil),
    ("{ query: SELECT NULL::boolean, message: no freeze }", ["no freeze"], nil),
    ("{ query: \"SELECT false, 'until ' || 5\", message: a freeze }", ["a freeze: until 5"], nil),
    ("{ query: SELECT 1 }", [], "gate.query"),
    ("{ query: \"SELECT true FROM generate_series(1,2)\" }", [], "gate.query"),
    ("{ query: SELECT true WHERE false }", [], "gate.query"),
  ] as [(String, [String], String?)])
  func verdicts(yaml: String, reasons: [String], refusal: String?) async throws {
    let program = try await compile(GateQuery.self, yaml)
    #expect(program.gates == reasons.map { .closed(reason: $0, again: .seconds(60)) })
    #expect(program.refusals.map(\.code) == (refusal.map { [$0] } ?? []))
    #expect(program.operations.isEmpty)
  }
}
