@testable import MaterializedView
import JSONText
import PluginAPI
import TestSupport
import Testing

@Suite("what every step promises: materialized views", .database(template: Tower.tables), .ownTime(.minutes(5)))
struct ConformanceTests {
  @Test("matview.create of a view that is missing, of one that is changed, and of one that lacks something", arguments: [
    ["name": "mv", "query": "SELECT id, status FROM vehicles", "unique_key": ["id"], "comment": "x", "grants": ["PUBLIC": "SELECT"]],
    Tower.changed,
    [
      "name": "ranks", "query": "SELECT organization_id, total, rank() OVER (ORDER BY total) AS place FROM big",
      "indexes": [["columns": ["place"]]], "comment": "ranked",
    ],
  ] as [JSON])
  func create(parameters: JSON) async throws {
    try await Conformance("matview.create", parameters, registry: registry).expect()
  }
}
