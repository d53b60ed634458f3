@testable import MaterializedView
import JSONText
import PluginAPI
import TestSupport
import Testing

private let tables = Fleet.tables + """
  CREATE TABLE users (id int PRIMARY KEY, name text);
  CREATE TABLE purchases (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, amount numeric);
  CREATE TABLE collected (user_id int NOT NULL REFERENCES users, card_id int NOT NULL, PRIMARY KEY (user_id, card_id));
  CREATE TABLE calls (id int PRIMARY KEY, at timestamptz NOT NULL, seconds int);
  ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
  CREATE VIEW call_list AS SELECT id, seconds FROM calls;
  """

@Suite("findings about a view, before anything is written", .database(template: tables))
struct FindingTests {
  private func findings(_ query: String, _ more: (String, JSON)...) async throws -> Program {
    let with = JSON.object(JSONObject([("name", "mv"), ("query", .string(query))] + more))
    return try await compile(MatviewCreate.self, with.text)
  }

  @Test("joins that repeat what an aggregate counts are caught, by the keys the catalog has", arguments: [
    Fleet.naive,
    "SELECT u.id, count(p.id) AS n FROM users u LEFT JOIN purchases p ON p.user_id = u.id LEFT JOIN collected c ON c.user_id = u.id GROUP BY u.id",
    "SELECT u.id, sum(p.amount) AS n FROM users u, purchases p, collected c WHERE p.user_id = u.id AND c.user_id = u.id GROUP BY u.id",
    "WITH c AS (SELECT user_id FROM collected) SELECT p.user_id, sum(p.amount) AS s FROM purchases p JOIN c ON c.user_id = p.user_id GROUP BY 1",
    "SELECT count(*) AS n FROM users u JOIN purchases p ON p.user_id = u.id JOIN collected c USING (user_id)",
    "SELECT x.n FROM (SELECT o.id, count(v.id) AS n FROM organizations o JOIN vehicles v ON v.organization_id = o.id JOIN repairs r ON r.vehicle_id = v.id GROUP BY o.id) x",
    "SELECT o.id, avg(v.mileage) AS m FROM organizations o JOIN vehicles v ON v.organization_id = o.id JOIN repairs r ON r.vehicle_id = v.id GROUP BY o.id",
  ])
  func fanOut(query: String) async throws {
    #expect(Set(refused(try await findings(query))) == ["matview.fan_out"])
    let judged = try await findings(query, ("verify", ["SELECT true"]))
    #expect(said(judged).contains("matview.fan_out") && refused(judged) == [])
  }

  @Test("joins that repeat nothing are let through", arguments: [
    Fleet.right,
    "SELECT o.id, count(v.id) AS n FROM organizations o LEFT JOIN vehicles v ON v.organization_id = o.id GROUP BY o.id",
    "SELECT o.id, sum(r.cost) AS c FROM organizations o JOIN vehicles v ON v.organization_id = o.id JOIN repairs r ON r.vehicle_id = v.id GROUP BY o.id",
    "SELECT o.id, count(DISTINCT v.id) AS n, max(r.at) AS last FROM organizations o JOIN vehicles v ON v.organization_id = o.id JOIN repairs r ON r.vehicle_id = v.id JOIN assignments a ON a.vehicle_id = v.id GROUP BY o.id",
    "SELECT count(*) AS n FROM vehicles v JOIN organizations o ON o.id = v.organization_id",
    "SELECT u.id, x.n FROM users u LEFT JOIN LATERAL (SELECT count(*) AS n FROM collected c WHERE c.user_id = u.id) x ON true",
    "SELECT p.id, sum(p.amount) AS s FROM purchases p JOIN collected c ON c.user_id = p.user_id AND c.card_id = 7 GROUP BY p.id",
  ])
  func right(query: String) async throws {
    let program = try await findings(query)
    #expect(!said(program).contains("matview.fan_out"), "\(program.findings)")
  }

  @Test("what else is wrong with a view is said with its choices", arguments: [
    ("SELECT id FROM calls WHERE at > now() - '1 hour'", [], "matview.query", true),
    ("SELECT id FROM calls WHERE at > now() - interval '1 hour'", [], "matview.frozen_clock", false),
    ("SELECT id, CURRENT_DATE AS today FROM vehicles", [], "matview.frozen_clock", false),
    ("SELECT id FROM vehicles", [], "matview.unique_key", false),
    ("SELECT id FROM vehicles", [("refresh", ["mode": "concurrently"])], "matview.unique_key", true),
    ("SELECT id FROM vehicles", [("refresh", ["mode": "concurrently"]), ("indexes", [["columns": ["(id + 1)"], "unique": true]])], "matview.unique_key", true),
    ("SELECT id FROM vehicles", [("refresh", ["mode": "concurrently"]), ("indexes", [["columns": ["id"], "unique": true, "where": "id > 0"]])], "matview.unique_key", true),
    ("SELECT id FROM vehicles", [("unique_key", ["nothing"])], "matview.column", true),
    ("SELECT id FROM call_list", [], "matview.row_security", false),
    ("SELECT id FROM calls", [("grants", ["PUBLIC": "SELECT"])], "matview.row_security", true),
    ("SELECT id FROM vehicles", [("grants", ["nobody_at_all": "SELECT"])], "matview.role", true),
    ("SELECT nothing FROM vehicles", [], "matview.query", true),
    ("SELECT id, id FROM vehicles", [], "matview.columns", true),
    ("SELECT id FROM vehicles", [("verify", ["DELETE FROM vehicles"])], "matview.verify", true),
    ("DELETE FROM vehicles RETURNING id", [], "matview.query", true),
  ] as [(String, [(String, JSON)], String, Bool)])
  func other(query: String, more: [(String, JSON)], code: String, isRefused: Bool) async throws {
    let with = JSON.object(JSONObject([("name", "mv"), ("query", .string(query))] + more))
    let program = try await compile(MatviewCreate.self, with.text)
    #expect(said(program).contains(code), "\(program.findings)")
    #expect(refused(program).contains(code) == isRefused)
    let finding = try #require(program.findings.first { $0.code == code })
    #expect(!finding.choices.isEmpty && finding.range != nil)
  }

  @Test("whether pg_ivm could keep it up to date, and why not", arguments: [
    ("SELECT organization_id, count(*) AS n FROM vehicles GROUP BY organization_id", "would suit pg_ivm"),
    ("SELECT o.id, count(v.id) AS n FROM organizations o LEFT JOIN vehicles v ON v.organization_id = o.id GROUP BY o.id", "an outer join together with aggregates"),
    ("SELECT o.id, CASE WHEN v.id IS NULL THEN 0 ELSE 1 END AS n FROM organizations o LEFT JOIN vehicles v ON v.organization_id = o.id", "CASE or COALESCE above an outer join"),
    ("SELECT id, rank() OVER (ORDER BY id) AS r FROM vehicles", "window functions"),
    ("SELECT id FROM call_list", "it reads a view"),
    ("SELECT id FROM vehicles ORDER BY id LIMIT 3", "LIMIT"),
    ("SELECT id FROM vehicles UNION SELECT id FROM users", "UNION"),
    ("SELECT organization_id, string_agg(status, ',') AS s FROM vehicles GROUP BY organization_id", "aggregate string_agg"),
  ])
  func incremental(query: String, words: String) async throws {
    let finding = try await findings(query).findings.first { $0.code == "matview.ivm" }
    #expect(finding?.message.contains(words) == true, "\(finding?.message ?? "")")
  }

  @Test("an invariant asks the same of the relation that is built beside", arguments: [
    ("SELECT (SELECT sum(total) FROM mv) = 1", "SELECT (SELECT sum(total) FROM \"public\".\"n\" AS \"mv\") = 1"),
    ("SELECT count(*) = 1 FROM public.mv", "SELECT count(*) = 1 FROM \"public\".\"n\" AS \"mv\""),
    ("SELECT m.x FROM \"public\" . \"mv\" AS m, t", "SELECT m.x FROM \"public\".\"n\" AS m, t"),
    ("WITH mv AS (SELECT 1 AS x) SELECT x = 1 FROM mv", "WITH mv AS (SELECT 1 AS x) SELECT x = 1 FROM mv"),
    ("SELECT mv.x = o.x FROM mv JOIN other.mv o ON true", "SELECT mv.x = o.x FROM \"public\".\"n\" AS \"mv\" JOIN other.mv o ON true"),
  ])
  func moved(text: String, wanted: String) throws {
    let invariant = Invariant(text: text, range: .nowhere)
    #expect(try invariant.asked(of: QualifiedName("public", "n"), insteadOf: QualifiedName("public", "mv")) == wanted)
  }
}
