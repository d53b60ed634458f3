import Catalog
import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite("what a plan asks the server", .database)
struct FactsTransactionTests {
  @Test("what is asked of the catalog again and again is planned once, what is asked of rows for its values")
  func plans() async throws {
    try await TestDatabase.current.withConnection { connection in
      try await connection.script("CREATE TABLE one (a int, b text); CREATE TABLE two (c int); CREATE INDEX two_c ON two (c)")
      let transaction = FactsTransaction(connection)
      let facts = StepFacts(transaction, capabilities: Capabilities(version: connection.serverVersion), folder: ".")
      for _ in 1...2 {
        #expect(try await facts.relation(QualifiedName("public", "one"))?.columns.map(\.name) == ["a", "b"])
        #expect(try await facts.rows("SELECT current_setting('plan_cache_mode') AS mode").first?["mode"] == "auto")
        #expect(try await facts.relation(QualifiedName("public", "two"))?.columns.map(\.name) == ["c"])
        #expect(try await facts.indexes(on: QualifiedName("public", "two")).map(\.name.name) == ["two_c"])
        await transaction.end()
      }
      let kept = try await connection.query(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name LIKE 'caisson%' ORDER BY 1, 2")
      #expect(kept.rows.map(\.values) == [["2", "0"], ["4", "0"], ["4", "0"]])
    }
  }
}
