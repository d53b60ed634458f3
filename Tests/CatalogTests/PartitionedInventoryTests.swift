import Catalog
import SQLText
import TestSupport
import Testing

private let tables = """
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TABLE kind (id int PRIMARY KEY);
  CREATE TABLE plain (id int GENERATED ALWAYS AS IDENTITY, day date NOT NULL, n int CONSTRAINT positive CHECK (n > 0) NO INHERIT,
    kind int REFERENCES kind, PRIMARY KEY (id, day)) WITH (fillfactor = 70);
  ALTER TABLE plain ADD FOREIGN KEY (n, day) REFERENCES plain (id, day);
  CREATE INDEX plain_n ON plain (n) WHERE n > 5;
  CREATE TRIGGER touched BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE POLICY seen ON plain USING (n < 100);
  ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
  GRANT SELECT ON plain TO pg_monitor;
  COMMENT ON COLUMN plain.n IS 'number';
  """

@Suite("the inventory of a partitioned table", .database(template: tables))
struct PartitionedInventoryTests {
  private let target = QualifiedName("public", "parts")

  private func makeParts() async throws -> TableInventory {
    let before = try await InventoryTrial.inventory(QualifiedName("public", "plain"))
    let names = ["plain_n": "parts_n", "plain_pkey": "parts_pkey", "plain_id_seq": "parts_id_seq"]
    let renaming = Renaming(tables: [before.name: target], names: names)
    let ddl = TableDDL(before, renaming: renaming, isPartitioned: true)
    let trial = InventoryTrial(before, as: target)
    try await trial.run(ddl.createTable(partitionBy: "RANGE (day)") + ddl.owner() + ddl.options())
    let leaf: SQL = "CREATE TABLE public.leaf PARTITION OF public.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    try await trial.run([leaf])
    try await trial.run(ddl.checks() + ddl.keys() + ddl.indexes() + ddl.foreignKeys() + ddl.identities())
    try await trial.run(ddl.policies() + ddl.rowSecurity() + ddl.triggers() + ddl.comments() + ddl.grants())
    let onLeaf = ddl.on(QualifiedName("public", "leaf"))
    try await trial.run(onLeaf.options() + onLeaf.rowSecurity() + onLeaf.grants() + onLeaf.comments())
    return before
  }

  @Test("a table made partitioned differs in what a partitioned table cannot have")
  func made() async throws {
    let before = try await makeParts()
    let names = ["plain_n": "parts_n", "plain_pkey": "parts_pkey", "plain_id_seq": "parts_id_seq"]
    let renaming = Renaming(tables: [before.name: target], names: names)
    let after = try await InventoryTrial.inventory(target)
    // From 18 on a table's NOT NULL constraints keep their names.
    let found = before.difference(to: after, renamed: renaming).filter { $0.aspect != "access method" }
    #expect(
      found.map(\.description) == [
        "table, kind: table became partitioned table", "table, option fillfactor: lost: 70",
        "constraint positive, definition: CHECK ((n > 0)) NO INHERIT became CHECK ((n > 0))",
      ])
  }

  @Test("a partition has the parent's properties and none of its clones as its own")
  func leaf() async throws {
    _ = try await makeParts()
    let leaf = try await InventoryTrial.inventory(QualifiedName("public", "leaf"))
    #expect(leaf.relation.options == ["fillfactor=70"])
    #expect(leaf.relation.hasRowSecurity)
    #expect(leaf.relation.grants.contains { $0.grantee == "pg_monitor" && $0.privilege == "SELECT" })
    #expect(leaf.column("n")?.comment == "number")
    #expect(leaf.triggers.isEmpty)
    let keys = leaf.constraints.filter { $0.kind == .foreignKey && !$0.isInherited }
    #expect(keys.isEmpty)
    #expect(leaf.incomingForeignKeys.isEmpty)
    let parts = try await InventoryTrial.inventory(target)
    #expect(parts.triggers.map(\.name) == ["touched"])
    #expect(parts.constraints.filter { $0.kind == .foreignKey }.count == 2)
    #expect(parts.indexes.map(\.name.name).sorted() == ["parts_n", "parts_pkey"])
    #expect(leaf.indexes.compactMap(\.parent?.name).sorted() == ["parts_n", "parts_pkey"])
  }

  @Test("identity columns go on where the old table's stand")
  func identity() async throws {
    try await TestDatabase.current.script("INSERT INTO plain (day) SELECT '2026-05-05' FROM generate_series(1, 7)")
    let before = try await makeParts()
    let renaming = Renaming(tables: [before.name: target], names: ["plain_id_seq": "parts_id_seq"])
    try await InventoryTrial(before, as: target).run(TableDDL(before, renaming: renaming).identityValues())
    let id = try await TestDatabase.current.sql("INSERT INTO parts (day) VALUES ('2026-05-05') RETURNING id").value
    #expect(id == "8")
  }
}

@Suite(
  "an inventory on PostgreSQL 18", .enabled("needs PostgreSQL 18") { try await TestServer.major >= 18 }, .database)
struct InventoryOf18Tests {
  @Test("NOT NULL constraints, virtual columns and what is not enforced are made again")
  func made() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE plain (id int CONSTRAINT "must be" NOT NULL, a int CONSTRAINT alone NOT NULL NO INHERIT, b int,
        v int GENERATED ALWAYS AS (a * 2), s int GENERATED ALWAYS AS (a * 3) STORED,
        CONSTRAINT loose CHECK (b > 0) NOT ENFORCED);
      ALTER TABLE plain ADD CONSTRAINT later NOT NULL b NOT VALID;
      COMMENT ON CONSTRAINT "must be" ON plain IS 'is';
      """)
    let before = try await InventoryTrial.inventory(QualifiedName("public", "plain"))
    let trial = InventoryTrial(before, as: QualifiedName("public", "copy"))
    try await trial.copy()
    let after = try await InventoryTrial.inventory(trial.copyName)
    #expect(before.difference(to: after, renamed: trial.renaming) == [])
    #expect(after.column("v")?.generated == .virtual && after.column("s")?.generated == .stored)
    #expect(after.constraint("later")?.isValidated == false && after.constraint("loose")?.isEnforced == false)
  }
}
