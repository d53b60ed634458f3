import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

private let tables = """
  CREATE EXTENSION pg_trgm;
  CREATE TABLE t (id int PRIMARY KEY, "Status" varchar(20), name text COLLATE "C", n int, day date, at timestamptz,
    doc jsonb, deleted bool);
  CREATE FUNCTION v(text) RETURNS text LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
  """

struct SpecCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let spec: IndexSpec

  init(_ title: String, _ keys: [IndexSpec.Key], _ change: (inout IndexSpec) -> Void = { _ in }) {
    testDescription = title
    var spec = IndexSpec(table: .public("t"), name: "i", keys: keys)
    change(&spec)
    self.spec = spec
  }

  static let buildable = [
    SpecCase("one column", [.init(column: "n")]),
    SpecCase("a capital in the name", [.init(column: "Status")]),
    SpecCase("the column's own collation", [.init(column: "name")]),
    SpecCase("another collation", [.init(column: "name", collation: QualifiedName("public", "POSIX"))]),
    SpecCase("order", [
      .init(column: "n", isDescending: true), .init(column: "day", nullsFirst: true),
      .init(column: "id", isDescending: true, nullsFirst: false),
    ]),
    SpecCase("an operator class", [.init(column: "name", operatorClass: "text_pattern_ops")]),
    SpecCase("the default operator class named", [.init(column: "name", operatorClass: "text_ops")]),
    SpecCase("an extension's class", [.init(column: "name", operatorClass: "gin_trgm_ops")]) { $0.method = "gin" },
    SpecCase("an expression", [.init(expression: "lower(name)"), .init(expression: "n + 1", isDescending: true)]),
    SpecCase("an expression with a comment", [.init(expression: "lower(name) -- folded")]),
    SpecCase("jsonb", [.init(column: "doc")]) { $0.method = "gin" },
    SpecCase("brin", [.init(column: "at")]) { $0.method = "brin"; $0.options = [Setting("pages_per_range", "32")] },
    SpecCase("hash", [.init(column: "n")]) { $0.method = "hash" },
    SpecCase("unique with nulls", [.init(column: "n"), .init(column: "day")]) {
      $0.isUnique = true
      $0.nullsNotDistinct = true
    },
    SpecCase("all of it", [.init(column: "n"), .init(expression: "lower(\"Status\")")]) {
      $0.include = ["deleted", "name"]
      $0.options = [Setting("fillfactor", "70"), Setting("deduplicate_items", "off")]
      $0.predicate = "\"Status\" IN ('a', 'b') AND NOT deleted -- live ones"
    },
  ]
}

@Suite("a specification and the server agree", .contrib("pg_trgm"), .database(template: tables))
struct IndexResolverTests {
  @Test("what is built is recognised as what was wanted", arguments: SpecCase.buildable)
  func recognised(wanted: SpecCase) async throws {
    let index = try await resolved(wanted.spec)
    #expect(try await state(IndexProbe.creation(of: index.definition)) == "absent")
    try await TestDatabase.current.sql(index.definition.createConcurrently)
    #expect(try await state(IndexProbe.creation(of: index.definition)) == "complete")
    try await ReadOnlyFacts.with(.current) { facts in
      let there = try #require(try await facts.index(index.name))
      #expect(there.signature == index.definition.signature)
      #expect(try await index.comparison(with: there, on: .public("t"), facts) == .same)
      #expect(IndexDefinition(there).columns == index.definition.columns)
    }
  }

  @Test("any two different specifications are told apart")
  func different() async throws {
    let all = SpecCase.buildable.filter { $0.testDescription != "the default operator class named" }
    for one in all {
      let built = try await resolved(one.spec)
      try await TestDatabase.current.sql(built.definition.createConcurrently)
      for other in all where other.testDescription != one.testDescription {
        let index = try await resolved(other.spec)
        try await ReadOnlyFacts.with(.current) { facts in
          let there = try #require(try await facts.index(index.name))
          let answer = try await index.comparison(with: there, on: .public("t"), facts)
          #expect(answer != .same, "\(one.testDescription) against \(other.testDescription)")
        }
      }
      try await TestDatabase.current.sql("DROP INDEX i")
    }
  }

  @Test("predicates of the same columns are compared by the planner", arguments: [
    ("n > 5", "(n > 5)", true), ("n > 5", "n > 6", false), ("n > 5", "n < 5", false),
    ("\"Status\" = 'a'", "\"Status\"::text = 'a'::text", true),
  ])
  func predicates(one: String, other: String, isSame: Bool) async throws {
    let built = try await resolved(IndexSpec(table: .public("t"), name: "i", keys: [.init(column: "id")], predicate: one))
    try await TestDatabase.current.sql(built.definition.createConcurrently)
    let index = try await resolved(IndexSpec(table: .public("t"), name: "i", keys: [.init(column: "id")], predicate: other))
    try await ReadOnlyFacts.with(.current) { facts in
      let there = try #require(try await facts.index(.public("i")))
      #expect(try await (index.comparison(with: there, on: .public("t"), facts) == .same) == isSame)
    }
  }

  @Test("what cannot be built is refused, with a way out", arguments: [
    ("index.column", IndexSpec(table: .public("t"), keys: [.init(column: "nmae")])),
    ("index.column", IndexSpec(table: .public("t"), keys: [.init(column: "n")], include: ["nope"])),
    ("index.expression", IndexSpec(table: .public("t"), keys: [.init(expression: "lower(name")])),
    ("index.expression", IndexSpec(table: .public("t"), keys: [.init(expression: "n), (n")])),
    ("index.expression", IndexSpec(table: .public("t"), keys: [.init(expression: "lower(nope)")])),
    ("index.expression", IndexSpec(table: .public("t"), keys: [.init(column: "n")], predicate: "n IN (SELECT 1)")),
    ("index.predicate", IndexSpec(table: .public("t"), keys: [.init(column: "n")], predicate: "n + 1")),
    ("index.not_immutable", IndexSpec(table: .public("t"), keys: [.init(column: "n")], predicate: "at > now()")),
    ("index.not_immutable", IndexSpec(table: .public("t"), keys: [.init(column: "n")], predicate: "day < CURRENT_DATE")),
    ("index.not_immutable", IndexSpec(table: .public("t"), keys: [.init(expression: "at::date")])),
    ("index.not_immutable", IndexSpec(table: .public("t"), keys: [.init(expression: "v(name)")])),
    ("index.operator_class", IndexSpec(table: .public("t"), method: "gin", keys: [.init(column: "name")])),
    ("index.operator_class", IndexSpec(table: .public("t"), keys: [.init(column: "n", operatorClass: "int8_ops")])),
    ("index.collation", IndexSpec(table: .public("t"), keys: [.init(column: "name", collation: .public("nope"))])),
    ("index.method", IndexSpec(table: .public("t"), method: "hash", keys: [.init(column: "n"), .init(column: "id")])),
    ("index.method", IndexSpec(table: .public("t"), method: "gin", keys: [.init(column: "doc")], isUnique: true)),
    ("index.method", IndexSpec(table: .public("t"), method: "brin", keys: [.init(column: "n", isDescending: true)])),
    ("index.method", IndexSpec(table: .public("t"), method: "gin", keys: [.init(column: "doc")], include: ["n"])),
  ])
  func refused(code: String, spec: IndexSpec) async throws {
    let (index, findings) = try await resolve(spec)
    #expect(index == nil)
    #expect(findings.filter { $0.severity == .refusal }.map(\.code) == [code])
    #expect(findings.allSatisfy { !$0.choices.isEmpty })
  }

  @Test("names are derived as the server derives them", arguments: [
    [IndexSpec.Key(column: "n")], [IndexSpec.Key(column: "n"), IndexSpec.Key(column: "day")],
    [IndexSpec.Key(expression: "lower(name)")], [IndexSpec.Key(expression: "n + 1")],
  ])
  func names(keys: [IndexSpec.Key]) async throws {
    let mine = try await resolved(IndexSpec(table: .public("t"), keys: keys)).name.name
    let texts = keys.map { $0.column ?? "(\($0.expression ?? ""))" }.joined(separator: ", ")
    try await TestDatabase.current.sql("CREATE INDEX ON t (\(sql: texts))")
    let theirs = try await TestDatabase.current.sql(
      "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE i.indrelid = 't'::regclass ORDER BY c.oid DESC")
    #expect(theirs.value == mine)
    #expect(try await resolved(IndexSpec(table: .public("t"), keys: keys)).name.name == mine + "1")
  }
}
