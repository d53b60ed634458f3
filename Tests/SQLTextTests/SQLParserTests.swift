import SQLText
import Testing

@Suite("Parsing")
struct SQLParserTests {
  @Test("each statement is its exact slice, with the place of its first token")
  func slices() throws {
    let text =
      "-- héad\n  CREATE INDEX i ON t (a) ; ;\n/* x; /* y */ */ SELECT 'é;', $q$;--$q$ -- tail\n;\n\nVACUUM t -- no end"
    let statements = try SQLParser.parse(text)
    #expect(statements.map(\.text) == ["CREATE INDEX i ON t (a)", "SELECT 'é;', $q$;--$q$", "VACUUM t"])
    #expect(statements.map(\.node) == ["IndexStmt", "SelectStmt", "VacuumStmt"])
    #expect(statements.map(\.line) == [2, 3, 6])
    #expect(statements.map(\.position.column) == [3, 18, 1])
    for statement in statements {
      let scalars = text.unicodeScalars.dropFirst(statement.offset).prefix(statement.text.unicodeScalars.count)
      #expect(String(String.UnicodeScalarView(scalars)) == statement.text)
    }
  }

  @Test(
    "comment marks inside quotes are no comments",
    arguments: [
      "SELECT E'a\\'-- b'", "SELECT 'a''--', '--'", "SELECT \"--\" FROM t", "SELECT $$ -- $$", "SELECT 1 /* a */ + 2",
      "SELECT $a$ $$ /* $a$", "SELECT a$b$c FROM t",
    ])
  func comments(text: String) throws {
    #expect(try SQLParser.parse(" \(text) -- done\n").map(\.text) == [text])
  }

  @Test("an error tells message and place, counted in characters")
  func errors() throws {
    let error = try #require(throws: SQLParseError.self) {
      try SQLParser.parse("SELECT 'é';\nALTER TABLE é ADD COLUM c int")
    }
    #expect(error.message.contains("syntax error"))
    #expect(error.line == 2)
    #expect(error.column == 27)
    #expect(error.offset == 12 + 26)
    #expect(throws: SQLParseError.self) { try SQLParser.parse("SELECT 1\u{0}; DROP TABLE t") }
    #expect(throws: SQLParseError.self) { try SQLParser.parse("SELECT 'abc") }
  }

  @Test("an empty text and comments alone have no statements", arguments: ["", " ;; ", "-- x", "/* x */;"])
  func nothing(text: String) throws {
    #expect(try SQLParser.parse(text).isEmpty)
    #expect(throws: SQLParseError.self) { try SQLParser.parseOne(text) }
  }

  @Test("one statement means one")
  func one() throws {
    #expect(try SQLParser.parseOne("SELECT 1;").node == "SelectStmt")
    #expect(throws: SQLParseError.self) { try SQLParser.parseOne("SELECT 1; SELECT 2") }
  }

  @Test("fingerprints ignore constants and spacing, normalized texts hide values")
  func fingerprints() {
    #expect(SQLParser.fingerprint("SELECT a FROM t WHERE b = 1") == SQLParser.fingerprint("select a from t where b=22"))
    #expect(SQLParser.fingerprint("SELECT a FROM t") != SQLParser.fingerprint("SELECT a FROM u"))
    #expect(SQLParser.fingerprint("SELEC") == nil)
    #expect(SQLParser.normalized("SELECT * FROM t WHERE mail = 'a@b.c'") == "SELECT * FROM t WHERE mail = $1")
  }

  @Test("many threads may parse at once")
  func threads() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<64 {
        group.addTask {
          let name = "t\(number)"
          let good = try SQLParser.parse("SELECT * FROM \(name)").first?.locks.first?.relation.name == name
          return good && (try? SQLParser.parse("SELECT FROM FROM \(name)")) == nil
        }
      }
      for try await good in group { #expect(good) }
    }
  }

  @Test("deep nesting is an error or a tree, never a crash")
  func deep() {
    let nested = "SELECT " + String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
    _ = try? SQLParser.parse(nested)
    let sum = "SELECT 1" + String(repeating: " + 1", count: 3_000)
    _ = try? SQLParser.parse(sum)
    #expect(throws: Never.self) { try SQLParser.parse("SELECT 1") }
  }
}

@Suite("Expressions")
struct ParsedExpressionTests {
  @Test(
    "one scalar expression is accepted",
    arguments: [
      "1", "a + b", "lower(x) = 'ß)'", "(SELECT max(a) FROM t)", "CASE WHEN a THEN 1 END", "a -- why\n", "a IN (1, 2)",
      "ARRAY[1, 2]", "a /* ) */", "(a) + (b)", "now() - interval '1 day'", "ROW(1, 2)",
    ])
  func accepted(text: String) { #expect(SQLParser.isExpression(text)) }

  @Test(
    "what would change the SQL around it is refused",
    arguments: [
      "", "  ", "1; DROP TABLE t", "1); DROP TABLE t; SELECT (2", "1) OR (true", "1] || ARRAY[2", "1, 2", "1 FROM t",
      "1) FROM t WHERE (true", "a AS b", "1 /*", "'x", "DEFAULT", "*", "SELECT 1", "1 ORDER BY 2", "$$x", "a)--",
      "a]--",
      "1 UNION SELECT 2",
    ])
  func refused(text: String) { #expect(!SQLParser.isExpression(text)) }

  @Test("the error's place counts from the start of the expression")
  func place() throws {
    let error = try #require(throws: SQLParseError.self) { try SQLParser.checkExpression("a +\n + )") }
    #expect(error.line == 2)
    #expect(error.column == 4)
  }

  @Test("functions, columns and subqueries are named")
  func facts() throws {
    let found = try SQLParser.expression("lower(t.name) = my.f(CURRENT_DATE) AND EXISTS (SELECT 1 FROM u)")
    #expect(found.functions.map(\.name) == ["lower", "f", "current_date"])
    #expect(found.functions.map(\.schema) == [nil, "my", "pg_catalog"])
    #expect(found.functions.map(\.isBuiltin) == [true, false, true])
    #expect(found.functions.map(\.isChanging) == [false, false, true])
    #expect(found.columns == ["name"])
    #expect(found.hasSubquery)
    #expect(SQLParser.functions(in: "SELECT random() FROM t WHERE f(1)").map(\.name) == ["random", "f"])
  }
}
