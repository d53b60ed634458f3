import Catalog
import SQLText
import TestSupport
import Testing

private let tables = """
  CREATE DOMAIN short AS varchar(20);
  CREATE TABLE plain (id int PRIMARY KEY, status varchar(20), is_active bool, name text COLLATE "C", at timestamptz,
    day date, n int, doc jsonb, tag short NOT NULL);
  CREATE TABLE parted (LIKE plain) PARTITION BY RANGE (day);
  CREATE FUNCTION unknown_volatility(text) RETURNS text LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
  """

@Suite("expressions, as the planner sees them", .database(template: tables))
struct ExpressionTests {
  private func ask<Value: Sendable>(
    _ table: String = "plain", _ body: @Sendable (ReadOnlyFacts, RelationFacts) async throws -> Value
  ) async throws -> Value {
    try await ReadOnlyFacts.with(.current) { facts in
      try await body(facts, try #require(try await facts.relation(QualifiedName("public", table))))
    }
  }

  @Test("immutable is what CREATE INDEX accepts", arguments: [
    "lower(name)", "status = 'a'", "n > 5 AND is_active", "at >= '2026-01-01 00:00:00+00'::timestamptz",
    "(at AT TIME ZONE 'UTC')::date", "doc ->> 'a'", "tag || 'x'", "n -- a comment",
  ])
  func immutable(expression: String) async throws {
    for table in ["plain", "parted"] {
      #expect(try await ask(table) { try await $0.isImmutable(expression, on: $1) }, "\(table)")
    }
    try await TestDatabase.current.sql("CREATE INDEX ON plain ((\(sql: expression)\n))")
  }

  @Test("mutable is what CREATE INDEX refuses", arguments: [
    "at > now()", "day < CURRENT_DATE", "at::date", "at::text", "unknown_volatility(name)", "random()",
    "'x' || at", "to_char(at, 'YYYY')",
  ])
  func mutable(expression: String) async throws {
    for table in ["plain", "parted"] {
      #expect(try await !ask(table) { try await $0.isImmutable(expression, on: $1) }, "\(table)")
    }
    await #expect(throws: (any Error).self) {
      try await TestDatabase.current.sql("CREATE INDEX ON plain ((\(sql: expression)\n))")
    }
  }

  @Test("equality is the server's, not the text's", arguments: [
    ("status IN ('a', 'b')", "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", true),
    ("n between 1 and 5", "((n >= 1) AND (n <= 5))", true),
    ("Lower( name )", "lower(name)", true),
    ("n > 5", "n >= 5", false),
    ("status = 'a'", "status = 'A'", false),
    ("is_active", "is_active = true", true),
    ("name = 'a'", "name = 'a' COLLATE \"POSIX\"", false),
  ])
  func equality(one: String, other: String, isSame: Bool) async throws {
    for table in ["plain", "parted"] {
      let answer = try await ask(table) { try await $0.areEqual(one, other, on: $1.name) }
      #expect(answer == isSame, "\(table)")
    }
  }

  @Test("a narrower condition implies a wider one", arguments: [
    ("status = 'a' AND is_active", "is_active", true),
    ("is_active", "status = 'a' AND is_active", false),
    ("n > 5", "n > 3", true),
    ("n > 3", "n > 5", false),
    ("status = 'a'", "status IN ('a', 'b')", true),
  ])
  func implication(premise: String, conclusion: String, holds: Bool) async throws {
    #expect(try await ask { try await $0.implies(premise, conclusion, on: $1) } == holds)
  }

  @Test("an expression's type is known without evaluating it")
  func types() async throws {
    #expect(try await ask { try await $0.type(of: "1 / (n - n)", on: $1)?.name } == "integer")
    #expect(try await ask { try await $0.type(of: "lower(tag)", on: $1)?.name } == "text")
  }

  @Test("a refused statement leaves the facts' transaction alive")
  func attempts() async throws {
    try await ask { (facts, table) async throws -> Void in
      #expect(try await facts.check(["nope = 1"], on: table)?.sqlState == "42703")
      #expect(try await facts.check(["n = 1", "lower(name)"], on: table) == nil)
      #expect(try await facts.attempt("SELECT pg_sleep(5)", timeout: "50ms")?.isTimeout ?? false)
      #expect(try await facts.attempt("CREATE TABLE t ()")?.sqlState == "25006")
      #expect(try await facts.rows("SELECT current_setting('statement_timeout') AS t").first?["t"] == "0")
    }
  }

  @Test(
    "what a build cannot find under its own search_path is told before",
    .enabled("index builds restrict search_path from PostgreSQL 17 on") { try await TestServer.major >= 17 })
  func maintenancePath() async throws {
    try await TestDatabase.current.script(
      """
      CREATE FUNCTION inner_part(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
      CREATE FUNCTION outer_part(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN inner_part($1); END';
      INSERT INTO plain (id, name, tag) VALUES (1, 'a', 'x');
      """)
    try await ask { (facts, table) async throws -> Void in
      #expect(try await facts.tryUnderMaintenancePath("outer_part(name)", on: table)?.sqlState == "42883")
      #expect(try await facts.tryUnderMaintenancePath("inner_part(name)", on: table) == nil)
    }
  }
}
