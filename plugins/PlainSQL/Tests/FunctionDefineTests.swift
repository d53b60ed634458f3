import Catalog
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing
import YAMLTree

@testable import PlainSQL

private let functions = """
  CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a', 'b');
  CREATE FUNCTION app.total(a integer, b numeric DEFAULT 1.5, VARIADIC c text[] DEFAULT '{}')
    RETURNS TABLE(x integer, y text) LANGUAGE sql STABLE COST 50 SET search_path = pg_catalog, public
    AS $$ SELECT a, b::text $$;
  COMMENT ON FUNCTION app.total IS 'it''s the total';
  CREATE FUNCTION app.label(m app.mood) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT m::text $$;
  CREATE FUNCTION app.same(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
  CREATE FUNCTION plain(i int) RETURNS int LANGUAGE sql AS 'SELECT i';
  CREATE FUNCTION used(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
  CREATE TABLE t (a int DEFAULT used(1)); CREATE INDEX t_i ON t (used(a)); CREATE VIEW v AS SELECT used(a) FROM t;
  CREATE PROCEDURE app.go(a int, INOUT b text) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
  CREATE AGGREGATE app.sums(int) (SFUNC = int4pl, STYPE = int);
  """

@Suite("function.define", .database(template: functions))
struct FunctionDefineTests {
  private func yaml(_ name: String, _ body: String) -> String { "name: \(name)\nbody: \(JSON.string(body).text)" }

  private func compile(_ name: String, _ body: String, _ connection: Connection) async throws -> Program {
    try await LiveFacts(connection: connection).compile(FunctionDefine.self, yaml(name, body))
  }

  @Test(
    "compiles to one transaction with its way back",
    arguments: [
      ("new", "app.fresh", "CREATE FUNCTION app.fresh(a int, b text[], OUT c int) LANGUAGE sql AS 'SELECT 1'"),
      ("overload", "plain", "CREATE FUNCTION plain(i bigint) RETURNS int LANGUAGE sql AS 'SELECT 2'"),
      ("replaced", "plain", "-- better\nCREATE FUNCTION plain(i int) RETURNS int LANGUAGE sql AS 'SELECT i + 1'"),
      (
        "renewed", "app.total",
        "CREATE FUNCTION app.total(a int, b numeric, c text[]) RETURNS text LANGUAGE sql AS 'SELECT 1::text'"
      ),
      (
        "procedure", "app.go",
        "CREATE OR REPLACE PROCEDURE app.go(a int, INOUT b text) LANGUAGE plpgsql AS 'BEGIN b := 1; END'"
      ),
    ])
  func compiles(snapshot: String, name: String, body: String) async throws {
    let program = try await compile(name, body, try await TestDatabase.current.connect())
    #expect(program.refusals.isEmpty)
    try Snapshot.expect(ProgramText(program: program).text, named: "function_\(snapshot)")
  }

  @Test(
    "refuses, with what to do instead",
    arguments: [
      ("plain", "CREATE FUNCTION plain(", "sql.syntax"), ("plain", "SELECT 1", "function.statement"),
      ("plain", "SELECT 1; SELECT 2", "sql.syntax"),
      ("plain", "CREATE FUNCTION plane() RETURNS int RETURN 1", "function.name"),
      ("app.plain", "CREATE FUNCTION plain() RETURNS int RETURN 1", "function.name"),
      ("plain", "CREATE FUNCTION plain(i t.a%TYPE) RETURNS int RETURN 1", "function.copied_type"),
      ("used", "CREATE FUNCTION used(i int) RETURNS bigint RETURN 1", "function.dependents"),
      ("app.sums", "CREATE FUNCTION app.sums(i int) RETURNS int RETURN 1", "function.aggregate"),
    ])
  func refuses(name: String, body: String, code: String) async throws {
    let program = try await compile(name, body, try await TestDatabase.current.connect())
    #expect(program.refusals.map(\.code) == [code], "\(program.findings)")
    #expect(program.refusals.first?.choices.isEmpty == false)
    if code == "function.dependents" {
      let message = program.refusals.first?.message ?? ""
      for word in ["view v", "default value for column a of table t", "index t_i"] { #expect(message.contains(word)) }
    }
  }

  @Test("says that an index holds results of the old definition")
  func stored() async throws {
    let program = try await compile(
      "used", "CREATE FUNCTION used(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1'",
      try await TestDatabase.current.connect())
    #expect(program.findings.map(\.code) == ["function.stored"])
  }

  @Test(
    "the same definition spelled otherwise is nothing to do",
    arguments: [
      (
        "app.same",
        "CREATE OR REPLACE FUNCTION app.same(i integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $x$SELECT i$x$"
      ),
      (
        "app.same",
        "create function app.same(IN i int4) returns int4 language sql cost 100 immutable called on null input parallel unsafe as 'SELECT i'"
      ),
      (
        "app.total",
        """
        CREATE FUNCTION app.total(a integer, b numeric(4,2) DEFAULT 1.5, VARIADIC c text[] DEFAULT '{}')
        RETURNS TABLE(x int, y text) STABLE LANGUAGE sql COST 50 SET search_path TO pg_catalog, public AS ' SELECT a, b::text '
        """
      ),
    ])
  func same(name: String, body: String) async throws {
    let program = try await compile(name, body, try await TestDatabase.current.connect())
    #expect(program.operations.isEmpty, "\(program.operations.map(\.title))")
    #expect(program.findings.map(\.code) == ["function.same"])
  }

  @Test(
    "rollback brings back definition, owner, grants and comment",
    arguments: [
      (
        "app.total",
        "CREATE OR REPLACE FUNCTION app.total(a integer, b numeric DEFAULT 2, VARIADIC c text[] DEFAULT '{}') RETURNS TABLE(x integer, y text) LANGUAGE sql AS $$ SELECT 1, 'x' $$"
      ),
      (
        "app.total",
        "CREATE FUNCTION app.total(a integer, b numeric, c text[]) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"
      ),
      (
        "app.total",
        "CREATE FUNCTION app.total(z integer, b numeric DEFAULT 1, c text[] DEFAULT '{}') RETURNS TABLE(x integer, y text, z2 int) LANGUAGE sql AS $$ SELECT 1, 'x', 2 $$"
      ),
      ("app.total", "CREATE PROCEDURE app.total(a integer, b numeric, c text[]) LANGUAGE plpgsql AS $$ BEGIN END $$"),
      ("app.label", "CREATE FUNCTION app.label(m app.mood) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'x' $$"),
      ("app.label", "CREATE FUNCTION app.label(m mood) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"),
      ("app.go", "CREATE PROCEDURE app.go(a int, OUT b text) LANGUAGE plpgsql AS $$ BEGIN b := 'y'; END $$"),
      ("app.fresh", "CREATE FUNCTION app.fresh(a int, b text, OUT c int) LANGUAGE sql AS 'SELECT 1'"),
      ("plain", "CREATE FUNCTION plain(i int DEFAULT 3, OUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, 2'"),
    ])
  func roundTrip(name: String, body: String) async throws {
    let connection = try await TestDatabase.current.connect()
    let role = "fn_\(TestDatabase.current.name)"
    _ = try await connection.script(
      """
      CREATE ROLE \(role); GRANT CREATE, USAGE ON SCHEMA app TO \(role); ALTER FUNCTION app.total OWNER TO \(role);
      REVOKE ALL ON FUNCTION app.total FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.total TO pg_monitor WITH GRANT OPTION;
      GRANT EXECUTE ON FUNCTION app.total TO pg_read_all_data
      """)
    let before = try await catalog(connection)
    let program = try await compile(name, body, connection)
    #expect(program.refusals.isEmpty, "\(program.refusals)")
    let hand = Hand(connection: connection)
    try await hand.run(program.operations)
    #expect(try await catalog(connection) != before)
    if name == "app.total" { #expect(try await ornaments(connection) == ornaments(before)) }
    let again = try await compile(name, body, connection)
    #expect(again.operations.isEmpty || body.contains("m mood"), "a second run has nothing to do: \(again.findings)")
    try await hand.undo(program.operations)
    #expect(try await catalog(connection) == before)
    _ = try await connection.script("DROP OWNED BY \(role) CASCADE; DROP ROLE \(role)")
  }

  /// Everything about the functions but their numbers, one line each.
  private func catalog(_ connection: Connection) async throws -> [String] {
    try await connection.query(
      """
      SELECT p.proname || '|' || pg_get_userbyid(p.proowner) || '|' || COALESCE((SELECT string_agg(x::text, ',' ORDER BY x::text)
          FROM unnest(p.proacl) x), 'default') || '|' || COALESCE(obj_description(p.oid, 'pg_proc'), '') || '|'
        || CASE WHEN p.prokind = 'a' THEN '' ELSE pg_get_functiondef(p.oid) END AS line
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('app', 'public') ORDER BY 1
      """
    ).rows.compactMap { $0[0] }
  }

  private func ornaments(_ lines: [String]) -> [String] {
    lines.filter { $0.hasPrefix("total|") }.map { $0.split(separator: "|").prefix(4).joined(separator: "|") }
  }
  private func ornaments(_ connection: Connection) async throws -> [String] { ornaments(try await catalog(connection)) }

  @Test("the definition may stand in a file of the plan")
  func file() async throws {
    let connection = try await TestDatabase.current.connect()
    let facts = LiveFacts(connection: connection, files: ["sql/f.sql": "CREATE FUNCTION f() RETURNS int RETURN 1;\n"])
    let program = try await facts.compile(FunctionDefine.self, "name: f\nfile: sql/f.sql")
    try await Hand(connection: connection).run(program.operations)
    #expect(try await connection.query("SELECT f()").value == "1")
  }

  @Test("exactly one source is asked for", arguments: ["name: f", "name: f\nfile: a.sql\nbody: SELECT 1"])
  func sources(yaml: String) {
    let error = #expect(throws: InvalidInput.self) { try FunctionDefine.Parameters.read(yaml: yaml) }
    #expect(error?.diagnostics.errors.map(\.code) == ["function.source"])
  }
}
