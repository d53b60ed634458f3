import FoundationEssentials
import JSONText
import SQLText
import Testing

@Suite("SQL values")
struct SQLValueTests {
  @Test("each interpolation enters in its own way")
  func interpolation() {
    let name = "Odd \"name\""
    let sql: SQL = """
      SELECT \(id: name), \(id: ["a", "b"]) FROM \(id: QualifiedName("s", "t")) \
      WHERE a = \(5) AND b = \(literal: "it's") AND \(sql: "true")
      """
    #expect(sql.text == #"SELECT "Odd ""name""", "a", "b" FROM "s"."t" WHERE a = $1 AND b = 'it''s' AND true"#)
    #expect(sql.binds == ["5"])
  }

  @Test("embedded SQL keeps its values, numbered anew")
  func embedding() {
    let part: SQL = "b = \(true)"
    let whole: SQL = "a = \(1) AND \(sql: part) AND c = \("x")"
    #expect(whole.text == "a = $1 AND b = $2 AND c = $3")
    #expect(whole.binds == ["1", "t", "x"])
    #expect((part + " OR a = \(2)").text == "b = $1 OR a = $2")
    #expect([part, part].joined(separator: " AND ").text == "b = $1 AND b = $2")
    #expect([SQL]().joined(separator: ",").isEmpty)
  }

  @Test(
    "values have PostgreSQL's text form",
    arguments: [
      ("\(nil as Int?)", nil), ("\(Int64(-7))", "-7"), ("\(1.5)", "1.5"), ("\(false)", "f"),
      ("\(["a", "b,c"])", #"{"a","b,c"}"#), ("\(["q\"", "b\\"])", #"{"q\"","b\\"}"#), ("\([Int]())", "{}"),
      ("\([String?.none, "NULL"])", #"{NULL,"NULL"}"#), ("\(JSON.object(JSONObject([("a", 1)])))", #"{"a":1}"#),
      ("\(QualifiedName("s", "T"))", #""s"."T""#),
    ] as [(SQL, String?)])
  func binding(sql: SQL, expected: String?) { #expect(sql.binds == [expected]) }

  @Test("the description never shows a bound value")
  func description() { #expect("\("SELECT \("secret")" as SQL)" == "SELECT $1") }

  @Test("a value bound by reference is stored, printed and compared as the reference, resolved or not")
  func secret() throws {
    let sql: SQL = "SELECT \(1), \(secretReference: "${env:KEY}")"
    let sent = sql.resolving { (reference: String) in "the value of \(reference)" }
    #expect(sent.text == "SELECT $1, $2" && sent.binds == ["1", "the value of ${env:KEY}"])
    #expect(sql.binds == ["1", nil] && sql.secretReferences == ["${env:KEY}"])
    #expect(sent.printed == "SELECT $1, ${env:KEY}" && "\(sent)" == sent.printed)
    let bytes = try JSONEncoder().encode(sent)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("the value"))
    #expect(try JSONDecoder().decode(SQL.self, from: bytes) == sql)
  }

  private static let coded: [SQL] = ["SELECT 1", "SELECT \(1), \(nil as String?), \("$1")", ""]

  @Test("coding keeps text and values apart", arguments: coded)
  func coding(sql: SQL) throws {
    let bytes = try JSONEncoder().encode([sql])
    #expect(try JSONDecoder().decode([SQL].self, from: bytes) == [sql])
  }
}

@Suite("Quoting")
struct QuotingTests {
  @Test(
    "identifiers are always quoted",
    arguments: [("a", "\"a\""), ("A b", "\"A b\""), ("q\"q", "\"q\"\"q\""), ("select", "\"select\""), ("", "\"\"")])
  func identifiers(name: String, expected: String) { #expect(Quoting.identifier(name) == expected) }

  @Test(
    "constants read the same whatever standard_conforming_strings says",
    arguments: [("a", "'a'"), ("it's", "'it''s'"), ("a\\b", " E'a\\\\b'"), ("\\'", " E'\\\\'''"), ("", "''")])
  func literals(text: String, expected: String) { #expect(Quoting.literal(text) == expected) }

  @Test(
    "PostgreSQL's lexer reads back every constant and identifier",
    arguments: [
      "plain", "it's", "back\\slash", "\\'; DROP TABLE t; --", "é\u{301}", "\"", "''", "$$", "%I", "\u{301}' OR 1=1 --",
      "\"\u{301}",
    ])
  func roundTrip(text: String) throws {
    let statement = try SQLParser.parseOne("SELECT \(Quoting.literal(text)) AS \(Quoting.identifier(text))")
    let target = try #require(statement.tree["targetList"]?[0]?["ResTarget"])
    #expect(target["val"]?["A_Const"]?["sval"]?["sval"]?.string == text)
    #expect(target["name"]?.string == text)
  }

  @Test("a fitted name has at most 63 bytes and two long ones stay two")
  func fitting() {
    #expect(Quoting.fitted("short", suffix: "_idx") == "short_idx")
    let base = String(repeating: "n", count: 70)
    let one = Quoting.fitted(base + "1", suffix: "_idx")
    let two = Quoting.fitted(base + "2", suffix: "_idx")
    #expect(one.utf8.count == 63)
    #expect(one != two)
    #expect(one.hasSuffix("_idx"))
    let accents = Quoting.fitted(String(repeating: "é", count: 40))
    #expect(accents.utf8.count <= 63 && accents.hasPrefix("éé"))
    #expect(Quoting.fitted(String(repeating: "n", count: 63)).utf8.count == 63)
  }
}

@Suite("Qualified names")
struct QualifiedNameTests {
  @Test(
    "names are read as PostgreSQL reads them",
    arguments: [
      ("t", "public", "t"), ("S.T", "s", "t"), (#""S"."a.b""#, "S", "a.b"), (#"s."q""q""#, "s", "q\"q"),
      ("_a$1", "public", "_a$1"),
    ])
  func parsing(text: String, schema: String, name: String) {
    #expect(QualifiedName(parsing: text) == QualifiedName(schema, name))
  }

  @Test(
    "anything else is no name",
    arguments: ["", ".", "a.", ".a", "a.b.c", "1a", "a b", "\"a", "a;b", "\"\"", "a-b", "$a"])
  func refusing(text: String) { #expect(QualifiedName(parsing: text) == nil) }

  @Test("people see quotes only where they are needed")
  func readable() {
    #expect(QualifiedName("public", "t_1").description == "public.t_1")
    #expect(QualifiedName("S", "1t").description == #""S"."1t""#)
    #expect(QualifiedName("s", "t").quoted == #""s"."t""#)
    #expect(QualifiedName(parsing: "x", defaultSchema: "s") == QualifiedName("s", "x"))
    #expect(QualifiedName("a", "z") < QualifiedName("b", "a"))
  }

  @Test("lock modes are ordered by strength")
  func modes() {
    #expect(LockMode.allCases.sorted() == LockMode.allCases)
    #expect(LockMode.share.stallsOthers && !LockMode.shareUpdateExclusive.stallsOthers)
  }
}

@Suite("Rows")
struct RowTests {
  private let row = Row(
    columns: ["i", "d", "b", "s", "n", "a"], values: ["42", "1.5", "t", "x", nil, #"{a,"b,c",NULL,"NULL","q\"",""}"#])

  @Test("values are read as the type asked for")
  func reading() throws {
    #expect(try row.int("i") == 42)
    #expect(try row.int64("i") == 42)
    #expect(try row.double("d") == 1.5)
    #expect(try row.bool("b"))
    #expect(try row.string("s") == "x")
    #expect(row["n"] == nil)
    #expect(row[0] == "42" && row[9] == nil)
    #expect(try row.strings("a") == ["a", "b,c", "NULL", "q\"", ""])
    #expect(try row.strings("n").isEmpty)
    #expect(try Row(columns: ["a"], values: ["{}"]).strings("a").isEmpty)
  }

  @Test("what is not there or not of that type is an error that names the column, not the value")
  func errors() throws {
    let error = try #require(throws: RowError.self) { try row.int("s") }
    #expect(error.description == "column s: an integer expected, other text found")
    #expect(try #require(throws: RowError.self) { try row.string("n") }.description.hasSuffix("NULL found"))
    #expect(throws: RowError.self) { try row.bool("i") }
    #expect(throws: RowError.self) { try row.strings("s") }
    #expect(throws: RowError.self) { try row.string("absent") }
  }
}
