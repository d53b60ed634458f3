import JSONText
import PluginAPI
import TestSupport
import Testing

@testable import GDPR

@Suite("a data map held against the catalog", .database(template: People.tables)) struct MapCheckTests {
  private func findings(_ map: String) async throws -> [Finding] {
    try await ReadOnlyFacts.with(.current) { facts in
      try await ResolvedMap.resolve(try MapSource.parse(map, file: "gdpr.yaml"), at: .nowhere, facts).findings
    }
  }

  @Test("a map that speaks of everything is taken")
  func complete() async throws { #expect(try await findings(People.map.text).filter { $0.severity == .refusal } == []) }

  @Test("what is wrong is named, with its table and column", arguments: [
    ("\"national_id\":\"null\"", "\"nationl_id\":\"null\"", "gdpr.map.column", "did you mean `national_id`?"),
    ("\"table\":\"letters\"", "\"table\":\"leters\"", "gdpr.map.table", "did you mean `public.letters`?"),
    ("\"driver_id.user_id\"", "\"driver_id.boss\"", "gdpr.map.path", "public.drivers"),
    ("\"driver_id.user_id\"", "\"driver_id\"", "gdpr.map.path", "leads to public.drivers"),
    ("\"phone\":null,", "", "gdpr.map.uncovered", "public.users.phone"),
    ("\"name\":{\"action\":\"constant\",\"value\":\"Nobody\"}", "\"name\":\"null\"", "gdpr.map.not_null", "public.users.name"),
    ("{\"action\":\"token\",\"form\":\"{token}@gone.invalid\"}", "{\"action\":\"constant\",\"value\":\"x@y\"}", "gdpr.map.unique", "public.users.email"),
    ("\"{token}@gone.invalid\"", "\"\(String(repeating: "x", count: 70)){token}\"", "gdpr.map.room", "public.users.email"),
    ("\"phone\":null", "\"phone\":{\"action\":\"generalize\",\"to\":\"year\"}", "gdpr.map.type", "public.users.phone"),
    ("\"phone\":null", "\"phone\":null,\"label\":\"null\"", "gdpr.map.generated", "public.users.label"),
    ("\"phone\":null", "\"phone\":null,\"id\":{\"action\":\"token\"}", "gdpr.map.structure", "public.users.id"),
    ("who = $subject", "whom = $subject", "gdpr.map.where", "whom"),
    ("who = $subject", "who = $subject) OR (true", "gdpr.map.where", "syntax error"),
    (
      "\"columns\":{\"address\":\"null\"},\"json\":{\"body\":", "\"kept\":[\"body\"],\"json\":{\"address\":", "gdpr.map.type",
      "public.letters.address"
    ),
  ])
  func wrong(old: String, new: String, code: String, words: String) async throws {
    let text = People.map.text
    try #require(text.contains(old))
    let found = try await findings(text.replacing(old, with: new)).filter { $0.code == code }
    #expect(found.contains { ($0.message + $0.choices.joined()).contains(words) }, "\(found)")
    #expect(found.allSatisfy { $0.severity == .refusal })
  }

  @Test("a table that leads to the subject, and one that only looks personal, have to be looked at")
  func forgotten() async throws {
    try await TestDatabase.current.script(
      "CREATE TABLE notes (trip_day date, trip bigint, note text, FOREIGN KEY (trip, trip_day) REFERENCES trips (id, day));"
        + "CREATE TABLE guests (n int, first_name text, seats int, addr inet)")
    let found = try await findings(People.map.text)
    #expect(found.contains { $0.code == "gdpr.map.missing_table" && $0.message.contains("public.notes") }, "\(found)")
    let suspect = found.filter { $0.code == "gdpr.map.suspect" }.map(\.message).joined()
    #expect(suspect.contains("public.guests.first_name, public.guests.addr") && !suspect.contains("seats"), "\(suspect)")
  }

  @Test("a constraint over columns of a table is a hop as well, and several ways add up")
  func ways() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE notes (trip bigint, day date, writer bigint REFERENCES users, note text,
        CONSTRAINT of_trip FOREIGN KEY (trip, day) REFERENCES trips (id, day));
      INSERT INTO notes SELECT id, day, 3, 'n' FROM trips WHERE id <= 60;
      """)
    let map = People.map.text.replacing(
      "{\"table\":\"holds\"",
      with: "{\"table\":\"notes\",\"path\":[\"of_trip.driver_id.user_id\",\"writer\"],\"columns\":{\"note\":\"null\"},\"kept\":[\"day\"]},{\"table\":\"holds\"")
    for (key, count) in [("5", "2"), ("3", "60"), ("2", "0")] {
      let query = try await ReadOnlyFacts.with(.current) { facts -> SQL in
        let resolved = try await ResolvedMap.resolve(try MapSource.parse(map, file: "gdpr.yaml"), at: .nowhere, facts)
        #expect(resolved.findings.filter { $0.severity == .refusal } == [])
        let table = try #require(resolved[QualifiedName("public", "notes")])
        let rows = table.rows(of: .literal(key, type: resolved.key.type), key: resolved.key.name)
        return "SELECT count(*) FROM \(sql: table.source) WHERE \(sql: rows)"
      }
      #expect(try await value(query) == count, "\(key)")
    }
  }
}
