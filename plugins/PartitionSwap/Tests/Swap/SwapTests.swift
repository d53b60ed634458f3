import Catalog
import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let shop = """
  CREATE TABLE customers (id int PRIMARY KEY);
  INSERT INTO customers SELECT generate_series(1, 50);
  CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, serial_no serial, customer int NOT NULL REFERENCES customers
      ON DELETE CASCADE, total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0), note text COLLATE "C",
    tax numeric GENERATED ALWAYS AS (total * 0.2) STORED, placed_at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX orders_customer ON orders (customer) WHERE total > 10;
  CREATE INDEX ON orders (lower(note), placed_at DESC) INCLUDE (total);
  ALTER TABLE orders ALTER COLUMN note SET STATISTICS 300;
  ALTER TABLE orders SET (fillfactor = 80);
  CREATE STATISTICS orders_stat (dependencies) ON customer, total FROM orders;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE TRIGGER never AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE orders DISABLE TRIGGER never;
  CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 100;
  CREATE VIEW larger AS SELECT * FROM large WHERE total > 1000;
  CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END;
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY everybody ON orders USING (total >= 0);
  GRANT SELECT ON orders TO pg_monitor; GRANT SELECT (id, note) ON orders TO pg_read_all_stats;
  GRANT SELECT ON large TO pg_monitor;
  COMMENT ON TABLE orders IS 'what was ordered'; COMMENT ON COLUMN orders.note IS 'by hand';
  COMMENT ON VIEW large IS 'large ones';
  INSERT INTO orders (customer, total, note, placed_at)
    SELECT 1 + i % 50, i, 'n' || i, '2025-01-01'::timestamptz + i * interval '1 hour' FROM generate_series(1, 3000) i;
  ANALYZE;
  """

private let step = """
    swap:
      uses: partition.swap
      with: { table: orders, by: placed_at, to: 2025-07-01, premake: 2, chunk: 20ms }
  """

@Suite(.database(template: shop), .ownTime(.minutes(5))) struct SwapTests {
  private let registry = StepRegistry([PartitionSwapPlugin.self])

  private func inventory() async throws -> TableInventory {
    let found = try await ReadOnlyFacts.with(.current) { try await $0.inventory(of: QualifiedName("public", "orders")) }
    return try #require(found)
  }

  @Test("a swap and the way back: the same rows, and nothing that hung on the table is lost")
  func thereAndBack() async throws {
    let before = try await inventory()
    let rows = try await TestDatabase.current.sql("SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o").value
    let harness = try EngineHarness(step, registry: registry, environment: "accept_irreversible: [swap]")
    let report = try await harness.runner().apply()
    guard case .succeeded = report.ending else { Issue.record("\(report.ending)"); return }
    #expect(try await harness.database.sql("SELECT relkind = 'p' FROM pg_class WHERE oid = 'orders'::regclass").value == "t")
    #expect(try await TestDatabase.current.sql("SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o").value == rows)
    let changed = before.difference(to: try await inventory()).map(\.description)
    #expect(Set(changed) == [
      "table, access method: lost: heap", "table, kind: table became partitioned table", "table, option fillfactor: lost: 80",
      "constraint orders_pkey, definition: PRIMARY KEY (id) became PRIMARY KEY (id, placed_at)",
      "index public.orders_pkey, definition: btree (id) became btree (id, placed_at)",
      "trigger caisson_capture_row: new", "trigger caisson_capture_truncate: new", "trigger caisson_old_writers: new",
    ])
    try await harness.database.script("INSERT INTO orders (customer, total, note, placed_at) VALUES (7, 1, 'after', '2025-05-05'); UPDATE orders SET total = 5 WHERE id = 10; DELETE FROM orders WHERE id = 11")
    #expect(try await harness.database.sql("SELECT id, serial_no FROM orders WHERE note = 'after'").rows.first?[0] == "3001")
    let live = try await TestDatabase.current.sql("SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o").value
    let back = try await harness.runner().rollback()
    guard case .rolledBack = back.ending else { Issue.record("\(back.ending)"); return }
    #expect(try await TestDatabase.current.sql("SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o").value == live)
    let end = try await inventory()
    #expect(before.difference(to: end).isEmpty)
    try await harness.database.script("INSERT INTO orders (customer, total, note, placed_at) VALUES (7, 1, 'again', '2025-05-05')")
    #expect(try await harness.database.sql("SELECT id FROM orders WHERE note = 'again'").value == "3002")
    #expect(try await harness.flaws() == [])
  }
}

extension SwapTests {
  @Test("a REPEATABLE READ transaction that does not see the copied rows is told to run again, never that there was no row")
  func oldWriter() async throws {
    let harness = try EngineHarness(
      step.replacing("chunk: 20ms", with: "chunk: 20ms, cutover: { old_snapshots: accept }"), registry: registry)
    let old = try await harness.database.connect()
    try await old.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
    guard case .succeeded = try await harness.runner().apply().ending else { Issue.record("not applied"); return }
    let refused = await #expect(throws: PostgresError.self) {
      try await old.query("UPDATE orders SET total = 1 WHERE id = 5")
    }
    #expect(refused?.sqlState == "40001")
    try await old.script("ROLLBACK; UPDATE orders SET total = 1 WHERE id = 5")
    #expect(try await harness.database.sql("SELECT total FROM orders WHERE id = 5").value == "1.00")
    await old.close()
    guard case .rolledBack = try await harness.runner().rollback().ending else { Issue.record("not back"); return }
    #expect(try await harness.database.sql("SELECT total FROM orders WHERE id = 5").value == "1.00")
    let left: SQL = """
      SELECT count(*) FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relname LIKE 'orders%'
      """
    #expect(try await harness.database.sql(left).value == "0")
  }

  @Test("when keep_old is over the old table and all that was kept for the way back goes, and the rows stay")
  func finalized() async throws {
    let harness = try EngineHarness(step, registry: registry, environment: "accept_irreversible: [swap]")
    guard case .succeeded = try await harness.runner().apply().ending else { Issue.record("not applied"); return }
    #expect(try await harness.runner().finalize() == nil, "it is not due")
    let ending = try await harness.runner().finalize(early: true)?.ending
    guard case .succeeded = ending else { Issue.record("\(String(describing: ending))"); return }
    let left: SQL = """
      SELECT (SELECT count(*) FROM orders) || ' ' || (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'caisson%') || ' '
        || (SELECT count(*) FROM pg_proc WHERE pronamespace = 'caisson'::regnamespace AND proname LIKE 'orders%') || ' '
        || (SELECT count(*) FROM pg_class WHERE relname LIKE 'orders%old%' OR relname LIKE 'orders%\\_log' OR relname LIKE 'orders%\\_state')
      """
    #expect(try await harness.database.sql(left).value == "3000 0 0 0")
    #expect(try await harness.flaws() == [])
  }
}
