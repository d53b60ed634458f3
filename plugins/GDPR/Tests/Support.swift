@testable import GDPR
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

let registry = StepRegistry([GDPRPlugin.self])

func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

/// The first column.
func values(_ query: SQL) async throws -> [String] { try await TestDatabase.current.sql(query).rows.compactMap { $0[0] } }

func refused(_ program: Program) -> [String] { program.refusals.map(\.code) }

/// People, what refers to them by foreign keys over one table and two, by a name and by nothing at all, and a log that
/// triggers write copies to.
enum People {
  static let tables = """
    CREATE TABLE users (id bigint PRIMARY KEY, email varchar(80) NOT NULL CHECK (email LIKE '%_@_%'), name text NOT NULL,
      phone varchar(20), born_on date, seen_at timestamptz, made_at timestamptz NOT NULL DEFAULT now() - interval '9 years',
      boss_id bigint REFERENCES users, gone boolean NOT NULL DEFAULT false, gone_at timestamptz,
      label text GENERATED ALWAYS AS (name || '!') STORED);
    CREATE UNIQUE INDEX users_email_ci ON users (lower(email));
    CREATE TABLE drivers (id bigint PRIMARY KEY, user_id bigint REFERENCES users, national_id text UNIQUE, ip inet);
    CREATE TABLE trips (id bigint, driver_id bigint REFERENCES drivers, day date NOT NULL, note text, PRIMARY KEY (id, day))
      PARTITION BY RANGE (day);
    CREATE TABLE trips_old PARTITION OF trips FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE trips_new PARTITION OF trips FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
    CREATE TABLE letters (address text, body jsonb);
    CREATE TABLE audit (id bigserial PRIMARY KEY, what text NOT NULL, who bigint, data jsonb NOT NULL);
    CREATE TABLE holds (user_id bigint PRIMARY KEY REFERENCES users, until date);
    CREATE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audit (what, who, data) VALUES (TG_TABLE_NAME, NEW.id, jsonb_build_object('old', to_jsonb(OLD), 'new', to_jsonb(NEW)));
      RETURN NULL; END $$;
    CREATE TRIGGER copied AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION copy_row();
    INSERT INTO users (id, email, name, phone, born_on, seen_at, boss_id)
      SELECT g, 'Person.' || g || '@mail.example', CASE WHEN g % 2 = 0 THEN 'Karim Haddad' ELSE 'Nadia O''Brien' END,
        '+2135000' || g, date '1970-03-04' + g, CASE WHEN g % 10 = 0 THEN NULL ELSE now() - g * interval '60 days' END,
        CASE WHEN g > 5 THEN g % 5 + 1 END
      FROM generate_series(1, 60) g;
    INSERT INTO drivers SELECT g, g, 'NID-000' || g, ('10.0.7.' || g)::inet FROM generate_series(1, 60, 2) g;
    INSERT INTO trips SELECT g, g % 30 * 2 + 1, date '2025-06-01' + g * 4, 'seen with ' || g FROM generate_series(1, 120) g;
    INSERT INTO letters SELECT 'person.' || g || '@mail.example', jsonb_build_object('to', jsonb_build_object('name', 'N' || g),
      'cc', jsonb_build_array(jsonb_build_object('email', 'copy-of-' || g || '@mail.example'), 7)) FROM generate_series(1, 60) g;
    INSERT INTO holds VALUES (58, current_date + 9), (60, NULL), (56, current_date - 9);
    ANALYZE;
    """

  /// Everything that is in it, in the form of `map:`.
  static let map: JSON = [
    "subject": ["table": "users", "key": "id"],
    "tables": [
      [
        "table": "users", "basis": "contract", "keep": "3 years",
        "columns": [
          "email": ["action": "token", "form": "{token}@gone.invalid"], "name": ["action": "constant", "value": "Nobody"],
          "phone": .null, "born_on": ["action": "generalize", "to": "decade"],
        ],
        "kept": ["seen_at", "made_at", "gone", "gone_at"],
      ],
      ["table": "drivers", "path": "user_id", "columns": ["national_id": "null", "ip": ["action": "generalize", "to": 16]]],
      ["table": "trips", "path": ["driver_id.user_id"], "columns": ["note": ["action": "mask", "first": 1]], "kept": ["day"]],
      [
        "table": "letters", "where": "lower(t.address) IN (SELECT lower(email) FROM users WHERE id = $subject)",
        "columns": ["address": "null"], "json": ["body": ["to.name": "null", "cc[*].email": ["action": "token"]]],
      ],
      [
        "table": "audit", "where": "what = 'users' AND who = $subject", "kept": ["what", "who"],
        "json": ["data": ["*.email": "null", "*.name": "null", "*.phone": "null", "*.born_on": "null", "*.label": "null"]],
      ],
      ["table": "holds", "path": "user_id", "kept": ["until"]],
    ],
  ]

  /// `gdpr.anonymize` of whoever was not seen for 1000 days.
  static func parameters(_ more: [(String, JSON)] = [], without: Set<String> = []) -> JSON {
    let all: [(String, JSON)] = [
      ("map", map), ("inactive", ["column": "seen_at", "for": "1000 days", "null_activity": "made_at"]),
      ("holds", ["table": "holds", "key": "user_id", "where": "until IS NULL OR until >= current_date"]),
      ("scrub", ["audit"]), ("marker", ["column": "gone", "at": "gone_at"]), ("batch", 7),
    ]
    let changed = Set(more.map(\.0)).union(without)
    return .object(JSONObject(all.filter { !changed.contains($0.0) } + more))
  }

  /// Who is selected: seventeen days in a thousand, those never seen among them, without the two on hold.
  static let selected: Set<String> = Set((17...60).map(String.init) + ["10"]).subtracting(["58", "60"])
}

/// A plan of one step.
func harness(_ kind: String, _ with: JSON, environment: String = "accept_irreversible: [s]") throws -> EngineHarness {
  let step = JSON.object(JSONObject([("uses", .string(kind)), ("with", with)])).text
  return try EngineHarness("  s: \(step)", registry: registry, environment: environment)
}
