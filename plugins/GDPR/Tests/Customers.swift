@testable import GDPR
import Glibc
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

/// People with orders, what hangs on the orders, messages that no foreign key ties to anybody, an audit table that a
/// trigger copies deleted rows into, and references of every kind of ON DELETE.
enum Customers {
  /// Long enough to be found wherever it should not be.
  static let subject = "739204117"

  static let tables = """
    CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE, password_hash text,
      boss_id bigint REFERENCES customer ON DELETE SET NULL);
    CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
      item text, placed_at timestamptz NOT NULL DEFAULT now(), note jsonb);
    CREATE TABLE shipment (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE RESTRICT, street text);
    CREATE TABLE approval (id bigint PRIMARY KEY, approved_by bigint REFERENCES customer, what text);
    CREATE TABLE message (id bigint PRIMARY KEY, kind text NOT NULL, owner_id bigint, body text);
    CREATE TABLE audit (id bigserial PRIMARY KEY, what text NOT NULL, old_row jsonb NOT NULL);
    CREATE TABLE hold (customer_id bigint PRIMARY KEY);
    CREATE INDEX ON customer (boss_id); CREATE INDEX ON orders (customer_id); CREATE INDEX ON shipment (order_id);
    CREATE INDEX ON approval (approved_by);
    CREATE FUNCTION copy_old() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audit (what, old_row) VALUES (TG_TABLE_NAME, to_jsonb(OLD)); RETURN NULL; END $$;
    CREATE TRIGGER copied AFTER DELETE OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION copy_old();
    INSERT INTO customer SELECT CASE WHEN g = 7 THEN \(subject) ELSE g END, 'Name ' || g, 'mail' || g || '@shop.example',
      'hash' || g, NULL FROM generate_series(1, 20) g;
    UPDATE customer SET boss_id = \(subject) WHERE id IN (3, 4);
    UPDATE customer SET boss_id = 1 WHERE id = \(subject);
    INSERT INTO orders SELECT g, CASE WHEN g % 20 + 1 = 7 THEN \(subject) ELSE g % 20 + 1 END, 'item ' || g, now(),
      jsonb_build_object('contact', jsonb_build_object('phone', '+33-' || g), 'colour', 'red') FROM generate_series(1, 100) g;
    INSERT INTO shipment SELECT g, g, g || ' Main Street' FROM generate_series(1, 100) g;
    INSERT INTO approval SELECT g, CASE WHEN g % 2 = 0 THEN \(subject) ELSE 2 END, 'thing ' || g FROM generate_series(1, 10) g;
    INSERT INTO message SELECT g, CASE WHEN g % 2 = 0 THEN 'person' ELSE 'order' END,
      CASE WHEN g % 20 = 0 THEN \(subject) ELSE g END, 'dear ' || g FROM generate_series(1, 60) g;
    UPDATE orders SET item = item || '!' WHERE id % 3 = 0;
    ANALYZE;
    """

  static let map: JSON = [
    "subject": ["table": "customer", "key": "id"],
    "tables": [
      [
        "table": "customer",
        "columns": [
          "name": ["action": "constant", "value": "gone"], "email": ["action": "token", "form": "{token}@erased.invalid"],
          "password_hash": "null",
        ],
      ],
      [
        "table": "orders", "path": "customer_id", "columns": ["item": "null"], "kept": ["placed_at"],
        "json": ["note": ["contact.phone": "null"]],
      ],
      ["table": "shipment", "path": "order_id.customer_id", "columns": ["street": "null"]],
      ["table": "approval", "path": "approved_by", "kept": ["what"]],
      [
        "table": "message", "where": "kind = 'person' AND owner_id = $subject", "columns": ["body": "null"],
        "kept": ["kind", "owner_id"],
      ],
      [
        "table": "audit", "where": "what = 'orders' AND (old_row ->> 'customer_id')::bigint = $subject", "kept": ["what"],
        "json": ["old_row": ["item": "null"]],
      ],
    ],
  ]

  static let rules: [(String, JSON)] = [
    ("map", map),
    (
      "rows",
      [
        "customer": "delete", "orders": "delete", "shipment": "delete", "message": "delete", "audit": "delete",
        "approval": ["keep": "what was approved stays approved"],
      ]
    ),
    ("references", ["approval.approved_by": "null", "customer.boss_id": "null"]), ("scrub", ["audit"]),
    ("holds", ["table": "hold", "key": "customer_id"]), ("log_key", "${env:CAISSON_TEST_LOG_KEY}"),
  ]

  static func erase(_ log: String, _ more: [(String, JSON)] = []) -> JSON {
    with(rules + [("subject", "${env:CAISSON_TEST_SUBJECT}"), ("erasure_log", .string(log))], more)
  }

  static func replay(_ log: String, _ more: [(String, JSON)] = []) -> JSON {
    with(rules + [("erasure_log", .string(log))], more)
  }

  private static func with(_ all: [(String, JSON)], _ more: [(String, JSON)]) -> JSON {
    let changed = Set(more.map(\.0))
    return .object(JSONObject(all.filter { !changed.contains($0.0) } + more))
  }

  /// The references' values, for this process.
  static func setSecrets() {
    setenv("CAISSON_TEST_SUBJECT", subject, 1)
    setenv("CAISSON_TEST_LOG_KEY", "a key of the log, as long as one likes: longer than the sixty-four bytes of a block", 1)
  }

  /// Everything that is somebody else's, as text.
  static func others() async throws -> [String] {
    try await values(
      """
      SELECT 'c' || row(id, name, email, password_hash, nullif(boss_id, \(sql: subject)))::text FROM customer WHERE id <> \(sql: subject)
      UNION ALL SELECT 'o' || o::text FROM orders o WHERE customer_id <> \(sql: subject)
      UNION ALL SELECT 's' || s::text FROM shipment s WHERE order_id % 20 + 1 <> 7
      UNION ALL SELECT 'a' || row(id, nullif(approved_by, \(sql: subject)), what)::text FROM approval
      UNION ALL SELECT 'm' || m::text FROM message m WHERE NOT (kind = 'person' AND owner_id = \(sql: subject))
      UNION ALL SELECT 'x' || x::text FROM audit x WHERE (old_row ->> 'customer_id')::bigint <> \(sql: subject)
      ORDER BY 1
      """)
  }

  /// Rows anywhere, the journal's included, with the subject's key or one of their values in them.
  static func traces() async throws -> [String] {
    let tables = try await values(
      """
      SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384
        AND relnamespace IN ('public'::regnamespace, to_regnamespace('caisson'))
      """)
    var found: [String] = []
    for table in tables {
      let count = try await value(
        """
        SELECT count(*) FROM \(sql: table) x WHERE x::text ~ \(literal: "\(subject)|Name 7[^0-9]|mail7@|hash7[^0-9]")
        """)
      if count != "0" { found.append("\(table): \(count ?? "")") }
    }
    return found
  }
}
