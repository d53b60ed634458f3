import JSONText
import PlanSchema
import PluginAPI
import Testing

@testable import GDPR

@Suite("a data map as it is written") struct MapReadingTests {
  @Test("what is wrong is said at its line, with what was meant", arguments: [
    ("subject: {table: users, key: id}\ntables:\n  - table: users\n    colums: {}", "gdpr.yaml:4:5", "did you mean `columns`?"),
    ("subject: {table: users}\ntables: []", "gdpr.yaml:1:10", nil),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, columns: {a: tokn}}", "gdpr.yaml:3:29", "did you mean `token`?"),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, columns: {a: {action: constant}}}", "gdpr.yaml:3:29", nil),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, columns: {a: {action: generalize, to: yaer}}}", "gdpr.yaml:3:54", "did you mean `year`?"),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, json: {a: {b..c: null}}}", "gdpr.yaml:3:27", nil),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, where: id = 1}", "gdpr.yaml:3:23", nil),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u}\n  - {table: public.u}", "gdpr.yaml:4:13", nil),
    ("subject: {table: u, key: id}\ntables:\n  - {table: u, columns: {a: null}, kept: [a]}", "gdpr.yaml:3:43", nil),
  ] as [(String, String, String?)])
  func wrong(text: String, place: String, choice: String?) throws {
    do {
      _ = try MapSource.parse(text, file: "gdpr.yaml")
      Issue.record("let through: \(text)")
    } catch let refusal as StepRefusal {
      let found = refusal.findings.filter { $0.range?.description == place }
      #expect(!found.isEmpty, "\(refusal.findings.map { "\($0.range?.description ?? "") \($0.message)" })")
      if let choice { #expect(found.contains { $0.choices.contains(choice) }, "\(found)") }
    }
  }

  @Test("a bare null is the action, and what is written out reads the same")
  func actions() throws {
    let map = try MapSource.parse(
      """
      subject: {table: u, key: id}
      tables:
        - table: u
          path: [a.b, '"Odd.One".c']
          columns: {a: null, b: {action: null}, c: {action: mask, first: 2}, d: {action: hmac, key: "${env:K}"}, e: {action: generalize, to: 24}}
      """, file: "gdpr.yaml")
    let table = map.tables[0].value
    #expect(table.columns["a"] == .null && table.columns["b"] == .null)
    #expect(table.columns["c"] == .mask(first: 2, last: 0, with: "*"))
    #expect(table.columns["e"] == .generalize(.count(24)))
    #expect(table.path.paths.map(\.value.hops) == [["a", "b"], ["Odd.One", "c"]])
    #expect(try DataMap.read(json: map.json).json == map.json)
  }

  @Test("routes into JSON", arguments: [
    ("a.b", [.key("a"), .key("b")]), ("*.phone", [.anyKey, .key("phone")]),
    ("items[*].\"odd.key\"", [.key("items"), .elements, .key("odd.key")]), ("[*]", [.elements]),
  ] as [(String, [JSONRoute.Hop])])
  func routes(text: String, hops: [JSONRoute.Hop]) { #expect(JSONRoute(parsing: text)?.hops == hops) }

  @Test("what is no route", arguments: ["", ".", "a.", ".a", "a..b", "a*", "a[0]", "\"\"", "\"a", "a]b"])
  func noRoute(text: String) { #expect(JSONRoute(parsing: text) == nil) }

  @Test("$subject is answered for all keys at once where it is compared, key by key elsewhere", arguments: [
    ("user_id = $subject", "(user_id = ANY (SELECT subject_keys.key FROM (K) AS subject_keys)\n)"),
    ("ref = 'u:' || $subject", "EXISTS (SELECT FROM (K) AS subject_keys WHERE (ref = 'u:' || subject_keys.key\n))"),
    ("ref = $subject::text", "EXISTS (SELECT FROM (K) AS subject_keys WHERE (ref = subject_keys.key::text\n))"),
    ("a <= $subject", "EXISTS (SELECT FROM (K) AS subject_keys WHERE (a <= subject_keys.key\n))"),
    ("a = $subjects", "(a = $subjects\n)"),
  ])
  func conditions(text: String, sql: String) {
    #expect(SubjectCondition(text: text).sql(SubjectKeys("K")).text == sql)
  }
}
