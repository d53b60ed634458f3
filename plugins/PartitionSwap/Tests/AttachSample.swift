import Catalog
import PluginAPI
import TestSupport
import Testing

/// A table with much of what a table can have, written around now; the first partition ends two months ahead at most.
enum AttachSample {
  static let script = """
    CREATE TABLE customers (id int PRIMARY KEY);
    INSERT INTO customers SELECT generate_series(1, 50);
    CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY (START 1 INCREMENT 1 CACHE 1), serial_no serial,
      customer int NOT NULL REFERENCES customers ON DELETE CASCADE, gone int,
      total numeric(12,2) NOT NULL DEFAULT 0 CONSTRAINT not_negative CHECK (total >= 0), note text COLLATE "C",
      code text, tax numeric GENERATED ALWAYS AS (total * 0.2) STORED, placed_at timestamptz NOT NULL DEFAULT now(),
      parent bigint,
      CONSTRAINT orders_pkey PRIMARY KEY (id) INCLUDE (customer) WITH (fillfactor = 80),
      CONSTRAINT orders_code UNIQUE (code) DEFERRABLE INITIALLY DEFERRED, CONSTRAINT both_keys UNIQUE (id, placed_at),
      CONSTRAINT orders_parent FOREIGN KEY (parent) REFERENCES orders);
    ALTER TABLE orders DROP COLUMN gone;
    COMMENT ON CONSTRAINT orders_pkey ON orders IS 'the number on the bill';
    COMMENT ON INDEX both_keys IS 'for children';
    CREATE INDEX orders_customer ON orders (customer) WHERE total > 10;
    CREATE INDEX ON orders (lower(note), placed_at DESC) INCLUDE (total);
    CREATE UNIQUE INDEX orders_once ON orders (lower(code), serial_no);
    ALTER INDEX orders_once ALTER COLUMN 1 SET STATISTICS 77;
    CREATE INDEX orders_total ON orders (total);
    ALTER TABLE orders CLUSTER ON orders_total;
    ALTER TABLE orders ALTER COLUMN note SET STATISTICS 300;
    ALTER TABLE orders SET (fillfactor = 80);
    CREATE STATISTICS orders_stat (dependencies) ON customer, total FROM orders;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.total := NEW.total + 0; RETURN NEW; END';
    CREATE TABLE heard (id bigint);
    CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO heard VALUES (NEW.id); RETURN NULL; END';
    CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER never AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION hear();
    ALTER TABLE orders DISABLE TRIGGER never;
    CREATE TRIGGER ear AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION hear();
    ALTER TABLE orders ENABLE ALWAYS TRIGGER ear;
    CREATE RULE quiet AS ON UPDATE TO orders WHERE NEW.note = 'quiet' DO ALSO INSERT INTO heard VALUES (-1);
    CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 100;
    CREATE VIEW larger AS SELECT * FROM large WHERE total > 1000;
    CREATE MATERIALIZED VIEW sums AS SELECT customer, sum(total) FROM orders GROUP BY customer;
    CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END;
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everybody ON orders USING (total >= 0);
    GRANT SELECT ON orders TO pg_monitor; GRANT SELECT (id, note) ON orders TO pg_read_all_stats;
    GRANT SELECT ON large TO pg_monitor;
    COMMENT ON TABLE orders IS 'what was ordered'; COMMENT ON COLUMN orders.note IS 'by hand';
    CREATE PUBLICATION told FOR TABLE orders (id, total, placed_at) WITH (publish = 'insert', publish_via_partition_root);
    INSERT INTO orders (customer, total, note, code, placed_at)
      SELECT 1 + i % 50, i, 'n' || i, 'c' || i, now() - (3001 - i) * interval '1 hour' FROM generate_series(1, 3000) i;
    CREATE TABLE lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint,
      CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE);
    INSERT INTO lines (order_id) SELECT id FROM orders WHERE id % 3 = 0;
    CREATE TABLE notes (order_id bigint CONSTRAINT notes_order REFERENCES orders);
    CREATE TABLE tags (id bigint, at timestamptz, CONSTRAINT tags_order FOREIGN KEY (id, at) REFERENCES orders (id, placed_at));
    INSERT INTO tags SELECT id, placed_at FROM orders WHERE id % 7 = 0;
    ANALYZE;
    """

  static let choices = """
    table: orders, by: placed_at, strategy: attach, premake: 3, chunk: 20ms, publications: transfer,
          unique: { orders_code: append, orders_once: drop },
          incoming_foreign_keys: { lines_order: composite, notes_order: drop, orders_parent: drop }
    """

  static let step = """
      swap:
        uses: partition.swap
        retry: { attempts: 200, backoff: 20ms..100ms }
        with: { \(choices) }
    """

  static func inventory() async throws -> TableInventory {
    let found = try await ReadOnlyFacts.with(.current) { try await $0.inventory(of: QualifiedName("public", "orders")) }
    return try #require(found)
  }

  static func digest() async throws -> String? {
    try await TestDatabase.current.sql("SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o").value
  }
}
