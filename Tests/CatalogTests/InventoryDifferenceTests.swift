import Catalog
import SQLText
import TestSupport
import Testing

@Suite("differences between inventories", .database(template: TableChanges.table))
struct InventoryDifferenceTests {
  private let table = QualifiedName("public", "t")

  /// What leaves no trace in an inventory: a trigger's history, what new tables would be given.
  private static let traceless = ["TRIGGER ALL\n", "DEFAULT PRIVILEGES"]

  @Test("every change of a table's surroundings is one")
  func changed() async throws {
    for statement in TableChanges.all where !Self.traceless.contains(where: statement.contains) {
      let name = statement.hasSuffix("RENAME TO t2") ? QualifiedName("public", "t2") : table
      try await TableChanges.undone { connection in
        let facts = ReadOnlyFacts(connection)
        let before = try #require(try await facts.inventory(of: table))
        #expect(before.difference(to: try #require(try await facts.inventory(of: table))) == [], "\(statement)")
        _ = try await connection.script(statement)
        #expect(before.difference(to: try #require(try await facts.inventory(of: name))) != [], "\(statement)")
      }
    }
  }

  @Test(
    "a difference names object, property and both values",
    arguments: [
      ("COMMENT ON COLUMN t.a IS 'x'", ["column a, comment: new: x"]),
      ("DROP INDEX i", [#"index public.i: lost"#]),
      ("GRANT SELECT (b) ON t TO PUBLIC", ["column b, grant SELECT to PUBLIC by postgres: new: without grant option"]),
      ("ALTER TABLE t ALTER b SET STATISTICS 9", ["column b, statistics target: -1 became 9"]),
      ("ALTER TABLE t DISABLE TRIGGER g", ["trigger g, enabled: origin became disabled"]),
      ("CREATE VIEW x AS SELECT id FROM v2", ["view public.x: new", "view public.x, column id: new"]),
      ("ALTER TABLE t SET (fillfactor = 50)", ["table, option fillfactor: new: 50"]),
      ("ALTER TABLE w DROP CONSTRAINT w_t_fkey", ["foreign key w_t_fkey of public.w: lost"]),
    ])
  func words(statement: String, wanted: [String]) async throws {
    let before = try await InventoryTrial.inventory(table)
    try await TestDatabase.current.script(statement)
    let after = try await InventoryTrial.inventory(table)
    #expect(before.difference(to: after).map(\.description) == wanted)
  }

  @Test("our own triggers are no part of an inventory that leaves them out")
  func ownTriggers() async throws {
    let before = try await InventoryTrial.inventory(table)
    try await TestDatabase.current.script(
      "CREATE TRIGGER caisson_log AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
    #expect(try await InventoryTrial.inventory(table, ignoring: "caisson_") == before)
    #expect(try await InventoryTrial.inventory(table) != before)
  }

  @Test("there is no inventory of what does not exist")
  func missing() async throws {
    let found = try await ReadOnlyFacts.with(.current) { try await $0.inventory(of: QualifiedName("public", "none")) }
    #expect(found == nil)
  }

  @Test("what nothing can make again is told apart")
  func unmovable() async throws {
    try await TestDatabase.current.script("CREATE TABLE y (o t, p t[]); CREATE TABLE heir () INHERITS (t)")
    let found = TableDDL(try await InventoryTrial.inventory(table)).unmovable
    #expect(found.map(\.description).sorted() == ["column o of table public.y", "table public.heir"])
  }

  @Test("a view that groups by the primary key says so")
  func reliesOnKey() async throws {
    try await TestDatabase.current.script("CREATE VIEW x AS SELECT id, a, b FROM t GROUP BY id")
    let found = try await InventoryTrial.inventory(table).dependents
    #expect(found.filter { !$0.constraints.isEmpty }.map(\.description) == ["view public.x"])
    #expect(found.flatMap(\.constraints) == ["t_pkey"])
  }
}
