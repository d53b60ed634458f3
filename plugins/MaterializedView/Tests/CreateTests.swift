@testable import MaterializedView
import JSONText
import PluginAPI
import TestSupport
import Testing

@Suite("matview.create", .database(template: Fleet.tables + "CREATE ROLE matview_reader;"), .ownTime(.minutes(5)))
struct CreateTests {
  private static let spec: JSONObject = JSONObject([
    ("name", "stats"), ("query", .string(Fleet.right)), ("unique_key", ["organization_id"]),
    ("indexes", [["columns": ["total DESC"]], ["columns": ["(total + 1)"], "name": "stats_more"]]),
    ("verify", ["SELECT (SELECT sum(total) FROM stats) = (SELECT count(*) FROM vehicles)"]),
    ("grants", ["pg_monitor": "SELECT"]), ("comment", "by organisation"),
  ])

  private func spec(_ changes: (String, JSON)...) -> JSON {
    var object = Self.spec
    for (key, value) in changes { object[key] = value }
    return .object(object)
  }

  @Test("a view that is missing is made whole: rows, indexes, grants, comment, and its row in the register")
  func missing() async throws {
    try await creating(spec()).applied()
    #expect(try await value("SELECT sum(total) FROM stats") == "100")
    #expect(try await value("SELECT sum(cost) = (SELECT sum(cost) FROM repairs) FROM stats") == "t")
    #expect(try await value("SELECT has_table_privilege('pg_monitor', 'stats', 'SELECT')") == "t")
    #expect(try await value("SELECT obj_description('stats'::regclass)") == "by organisation")
    #expect(try await value("SELECT count(*) FROM pg_index WHERE indrelid = 'stats'::regclass AND indisvalid") == "3")
    #expect(try await value("SELECT rows || ' ' || mode FROM caisson.matview WHERE as_of IS NOT NULL") == "5 auto")
    try await TestDatabase.current.sql("REFRESH MATERIALIZED VIEW CONCURRENTLY stats")
  }

  @Test("what is as the plan has it is left alone, also when the text is laid out in another way")
  func unchanged() async throws {
    try await creating(spec()).applied()
    let file = try await value("SELECT pg_relation_filenode('stats')")
    for query in [Fleet.right, Fleet.right.replacing("\n", with: "  \n -- a remark\n") + " ;"] {
      let program = try await compile(MatviewCreate.self, spec(("query", .string(query))).text)
      #expect(program.operations.isEmpty && said(program).contains("matview.exists"))
    }
    try await creating(spec()).applied(again: true)
    #expect(try await value("SELECT pg_relation_filenode('stats')") == file)
  }

  @Test("a view made by hand with the same query is taken on without being built again")
  func adopted() async throws {
    try await TestDatabase.current.script("CREATE MATERIALIZED VIEW stats AS \(Fleet.right)")
    let file = try await value("SELECT pg_relation_filenode('stats')")
    let text = Fleet.right.replacing("FROM organizations o", with: "FROM public.organizations AS o")
    try await creating(spec(("query", .string(text)))).applied()
    #expect(try await value("SELECT pg_relation_filenode('stats')") == file)
    #expect(try await value("SELECT count(*) FROM pg_index WHERE indrelid = 'stats'::regclass") == "3")
    #expect(try await value("SELECT count(*) FROM pg_class WHERE relname LIKE '%caisson%' AND relnamespace = 'public'::regnamespace") == "0")
    let again = try await compile(MatviewCreate.self, spec(("query", .string(text))).text)
    #expect(again.operations.isEmpty)
  }

  @Test("an index, a grant or a comment that is new is added to the view that stands; rollback takes it off again")
  func adjusted() async throws {
    try await creating(spec()).applied()
    let before = try await CatalogText.read()
    let file = try await value("SELECT pg_relation_filenode('stats')")
    let changed = try creating(spec(
      ("indexes", [["columns": ["total DESC"]], ["columns": ["(total + 1)"], "name": "stats_more"], ["columns": ["cost"]]]),
      ("grants", ["pg_monitor": "SELECT", "PUBLIC": "SELECT"]), ("comment", "another")))
    try await changed.applied()
    #expect(try await value("SELECT to_regclass('stats_cost_idx') IS NOT NULL AND pg_relation_filenode('stats') = \(file ?? "")::oid") == "t")
    #expect(try await value("SELECT obj_description('stats'::regclass)") == "another")
    try await changed.rolledBack()
    #expect(CatalogText.difference(before, try await CatalogText.read()) == [])
  }

  @Test("an invariant that does not hold leaves nothing behind")
  func broken() async throws {
    let harness = try creating(spec(("verify", ["SELECT (SELECT sum(total) FROM stats) = 101"])))
    let ending = try await harness.runner().apply().ending
    guard case .failed = ending else { return _ = Issue.record("\(ending)") }
    #expect(harness.events.text.contains("invariant 1 of public.stats does not hold"))
    #expect(try await value("SELECT to_regclass('stats') IS NULL") == "t")
  }
}
