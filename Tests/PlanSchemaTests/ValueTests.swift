import JSONText
import PlanSchema
import SQLText
import Testing
import YAMLTree

@Suite struct ValueTests {
  private func codes<Value: ParameterValue>(_ type: Value.Type, _ yaml: String) -> [String] {
    do {
      _ = try Value.read(yaml: yaml)
      return []
    } catch {
      return error.diagnostics.sorted.map(\.code)
    }
  }

  @Test(
    "a name has one or two parts and at most 63 bytes each",
    arguments: [
      ("orders", "public.orders"), ("audit.log", "audit.log"), ("'\"Odd Name\".x'", "\"Odd Name\".x"),
      ("Mixed", "public.mixed"),
    ])
  func names(_ yaml: String, _ expected: String) throws {
    #expect(try QualifiedName.read(yaml: yaml).description == expected)
  }

  @Test(
    "what is no name is refused",
    arguments: [
      "a.b.c", "''", "a b", "1a", "[a]", "true", String(repeating: "x", count: 64), "a.", "\"\\\"\"",
    ])
  func badNames(_ yaml: String) {
    #expect(codes(QualifiedName.self, yaml).count == 1)
  }

  @Test(
    "numbers count as text where text is wanted; booleans and nothing do not",
    arguments: [
      ("5", [] as [String]), ("1.50", []), ("true", ["value.type"]), ("null", ["value.missing"]),
      ("[1]", ["value.type"]),
      ("'true'", []),
    ])
  func text(_ yaml: String, _ expected: [String]) {
    #expect(codes(String.self, yaml) == expected)
  }

  @Test("numbers keep the text they were written as")
  func verbatim() throws {
    #expect(try String.read(yaml: "1.50") == "1.50")
  }

  @Test(
    "types are checked",
    arguments: [
      ("Int", "1.5", ["value.type"]), ("Int", "x", ["value.type"]), ("Int", "9223372036854775808", ["value.type"]),
      ("Bool", "yes", ["value.type"]), ("Bool", "1", ["value.type"]), ("Double", ".inf", ["value.type"]),
      ("Double", "x", ["value.type"]), ("[Int]", "[1, x, 2.5]", ["value.type", "value.type"]),
      ("[Int]", "5", ["value.type"]),
      ("Map", "{a: 1, b: x}", ["value.type"]), ("Map", "[]", ["value.type"]), ("SQL", "'  '", ["value.missing"]),
      ("SQL", "true", []), ("Int", "${env:X}", ["secret.not_allowed"]), ("Bool", "${x}", ["reference.unresolved"]),
    ])
  func types(_ type: String, _ yaml: String, _ expected: [String]) {
    let actual =
      switch type {
      case "Int": codes(Int.self, yaml)
      case "Bool": codes(Bool.self, yaml)
      case "Double": codes(Double.self, yaml)
      case "[Int]": codes([Int].self, yaml)
      case "Map": codes(OrderedMap<Int>.self, yaml)
      default: codes(SQLExpression.self, yaml)
      }
    #expect(actual == expected)
  }

  @Test("a bare yes is text with a warning")
  func oldBoolean() {
    var report = Diagnostics()
    let node = YAMLText("yes", file: "t").root
    #expect(node.flatMap { String.read($0, &report) } == "yes")
    #expect(report.items.map(\.code) == ["value.old_boolean"])
    #expect(!report.hasErrors)
  }

  enum Method: String, CaseIterable, ParameterValue { case btree, gin, none, on }

  @Test(
    "an enumeration is matched as written, also where YAML would see something else",
    arguments: ["btree", "none", "on"])
  func enumeration(_ word: String) throws {
    #expect(try Method.read(yaml: word).rawValue == word)
  }

  @Test("a word that is not of the enumeration is refused with the nearest that is")
  func badEnumeration() {
    let error = #expect(throws: InvalidInput.self) { try Method.read(yaml: "btre") }
    #expect(error?.diagnostics.items.first?.didYouMean == "btree")
    #expect(codes(Method.self, "[btree]") == ["value.type"])
  }

  @Test(
    "what a value prints is what it reads: frozen specifications come back equal",
    arguments: [
      "plain", "with ${braces}", "$${ twice", "yes", "5", "null", "", "multi\nline", "$", "a$", "$$", "$$${x}",
    ])
  func roundTrips(_ text: String) throws {
    #expect(try String.read(json: text.json) == text)
    #expect(try SQLExpression.read(json: SQLExpression(text + "x").json).text == text + "x")
    #expect(try [String].read(json: [text].json) == [text])
    #expect(try JSON.read(json: JSON.string(text).json) == .string(text))
    #expect(try Optional<String>.read(json: Optional(text).json) == text)
  }

  @Test("names print what they read", arguments: [("a", "b"), ("Odd Schema", "x\"y"), ("s", "sel.ect"), ("s", "${x}")])
  func nameRoundTrips(_ schema: String, _ name: String) throws {
    let qualified = QualifiedName(schema, name)
    #expect(try QualifiedName.read(json: qualified.json) == qualified)
    #expect(try Identifier.read(json: Identifier(name).json).name == name)
  }

  @Test("a mapping keeps the order of its keys and their places")
  func orderedMap() throws {
    let map = try OrderedMap<Int>.read(yaml: "{z: 1, a: 2}")
    #expect(map.keys == ["z", "a"])
    #expect(map["a"] == 2)
    #expect(map.entries[1].range.start.column == 8)
    #expect(map.json.text == #"{"z":1,"a":2}"#)
  }

  @Test("items of a list can keep their places")
  func located() throws {
    let items = try [Located<Int>].read(yaml: "[1,  22]")
    #expect(items.map(\.range.start.column) == [2, 6])
    #expect(items.json.text == "[1,22]")
  }

  @Test(
    "files of a plan stay under its folder",
    arguments: [
      ("a.sql", "a.sql"), ("./sql//a.sql", "sql/a.sql"), ("../a.sql", nil), ("sql/../../a", nil), ("/etc/passwd", nil),
      ("''", nil), ("sql/", nil), ("\"a\\0b\"", nil), ("..a", "..a"),
    ] as [(String, String?)])
  func planFiles(_ yaml: String, _ expected: String?) {
    #expect((try? PlanFile.read(yaml: yaml))?.path == expected)
  }

  @Test("quantities are stored as people write them")
  func codable() throws {
    struct Box: Codable, Equatable {
      var span: TimeSpan
      var size: ByteSize
    }
    let box = Box(span: .minutes(10), size: .megabytes(64))
    let value = try JSONBox.encode(box)
    #expect(value == ["span": "10min", "size": "64MB"])
    #expect(try JSONBox.decode(Box.self, value) == box)
  }
}
