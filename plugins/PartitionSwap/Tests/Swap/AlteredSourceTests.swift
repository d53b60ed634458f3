import JSONText
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

/// `random_no` is in no order: a table keyed by it is copied block by block.
private let database = """
  CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, v int, note text DEFAULT 'x');
  CREATE INDEX orders_v ON orders (v);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
  INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * interval '10 minutes', i FROM generate_series(1, 9000) i;
  CREATE TABLE shuffled (LIKE orders INCLUDING ALL);
  INSERT INTO shuffled SELECT id, at, v FROM orders ORDER BY md5(id::text);
  ANALYZE;
  """

@Suite("a table that is altered while it is swapped", .database(template: database), .ownTime(.minutes(5)))
struct AlteredSourceTests {
  private func trial(_ table: String = "orders", _ more: [(String, JSON)] = []) throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", table), [("by", "at"), ("premake", 0), ("chunk", "10ms")] + more,
      policy: [("retry", ["attempts": 3, "backoff": "10ms..50ms"])])
  }

  @Test("a column added in mid-copy stops it, saying so; taken away again, it goes on to the end")
  func column() async throws {
    let trial = try trial()
    let rows = try await trial.rows(by: "id")
    try await trial.applyUntilCopying()
    try await TestDatabase.current.script("ALTER TABLE orders ADD COLUMN late int")
    let words = try await trial.failure()
    #expect(words.contains("the columns of public.orders changed since the copy began"))
    try await TestDatabase.current.script("ALTER TABLE orders DROP COLUMN late")
    guard try await trial.apply() else { return }
    #expect(try await trial.rows(by: "id") == rows)
  }

  @Test("triggers that note changes, switched off and on again, stop it: writes may have gone by", arguments: [
    "orders DISABLE TRIGGER caisson_capture_row; ALTER TABLE orders ENABLE ALWAYS TRIGGER caisson_capture_row",
    "orders DISABLE TRIGGER ALL; ALTER TABLE orders ENABLE TRIGGER ALL",
  ])
  func triggers(alteration: String) async throws {
    for early in [true, false] {
      let trial = try trial()
      if early {
        try await trial.applyUntilCopying()
      } else {
        try await trial.apply(untilDone: "compare ")
      }
      try await TestDatabase.current.script("ALTER TABLE \(alteration)")
      let words = try await trial.failure()
      #expect(words.contains("writes may have gone by unnoticed"), "\(words)")
      guard try await trial.rollBack() else { return }
    }
  }

  @Test("rewritten by VACUUM FULL: along the primary key nothing is lost; block by block it stops, and starts anew")
  func rewritten() async throws {
    let keyed = try trial()
    let rows = try await keyed.rows(by: "id")
    try await keyed.applyUntilCopying()
    try await TestDatabase.current.sql("VACUUM FULL orders")
    guard try await keyed.apply() else { return }
    #expect(try await keyed.rows(by: "id") == rows)
    let blocks = try trial("shuffled")
    let shuffled = try await blocks.rows(by: "id")
    try await blocks.applyUntilCopying()
    try await TestDatabase.current.sql("VACUUM FULL shuffled")
    let words = try await blocks.failure()
    #expect(words.contains("was rewritten (VACUUM FULL, CLUSTER, ALTER TABLE)"), "\(words)")
    guard try await blocks.rollBack(), try await blocks.apply() else { return }
    #expect(try await blocks.rows(by: "id") == shuffled)
  }

  @Test("what was granted, commented, protected or taught between the phases is there afterwards")
  func added() async throws {
    let trial = try trial()
    try await trial.apply(untilDone: "compare ")
    try await TestDatabase.current.script("""
      GRANT SELECT (id) ON orders TO pg_monitor; COMMENT ON COLUMN orders.v IS 'late';
      ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY late ON orders USING (v > 0);
      CREATE VIEW late AS SELECT id FROM orders; ALTER TABLE orders DISABLE TRIGGER touched;
      CREATE TRIGGER later AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
      """)
    let before = try await trial.inventory()
    guard try await trial.apply() else { return }
    let intended = IntendedChanges(before: before.withoutCapture, key: "at", choices: [:])
    #expect(intended.filter(before.withoutCapture.difference(to: try await trial.inventory())).map(\.description) == [])
  }

  @Test("what the copy was made without is refused before the cutover, by name", arguments: [
    ("CREATE INDEX late ON orders (note)", "late"), ("DROP INDEX orders_v", "orders_v"),
    ("ALTER TABLE orders ADD CONSTRAINT late CHECK (id > 0)", "late"),
    ("ALTER TABLE orders ALTER note SET DEFAULT 'y'", "note"), ("ALTER TABLE orders ALTER v SET NOT NULL", "v"),
    ("CREATE TABLE late (id int REFERENCES orders)", "late_id_fkey"),
  ])
  func remade(alteration: String, name: String) async throws {
    let trial = try trial()
    try await trial.apply(untilDone: "compare ")
    try await TestDatabase.current.script(alteration)
    let words = try await trial.failure()
    #expect(words.contains(name) && words.contains("since the copy was made"), "\(words)")
    guard try await trial.rollBack() else { return }
    #expect(try await value("SELECT count(*) FROM orders") == "9000")
  }
}
