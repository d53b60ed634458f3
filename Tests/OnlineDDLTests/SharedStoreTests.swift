import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// What steps keep beside the journal.
@Suite(.database(template: "CREATE SCHEMA caisson")) struct SharedStoreTests {
  @Test("many steps make it at once: one does, and none of them fails")
  func atOnce() async throws {
    let store = QualifiedName("caisson", "kept"), count = QualifiedName("caisson", "kept_count")
    let creation = SharedStore.creation(
      unless: store,
      """
      CREATE TABLE \(store.quoted) (id int PRIMARY KEY);
      CREATE FUNCTION \(count.quoted)() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM caisson.kept';
      """, seen: [store], called: ["\(count.quoted)()"])
    var sessions: [Connection] = []
    for _ in 0..<6 { sessions.append(try await TestDatabase.current.connect()) }
    for _ in 0..<25 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for session in sessions { group.addTask { _ = try await session.query(creation) } }
        try await group.waitForAll()
      }
      #expect(try await TestDatabase.current.sql("SELECT caisson.kept_count()").value == "0")
      try await TestDatabase.current.script("DROP TABLE caisson.kept; DROP FUNCTION caisson.kept_count")
    }
    for session in sessions { await session.close() }
  }
}
