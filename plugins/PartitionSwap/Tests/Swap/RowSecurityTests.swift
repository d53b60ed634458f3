import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

/// Tables of an owner whom policies hold, and of one whom they do not.
private let database = ChoiceSample.database + """
  ;DO $$ BEGIN CREATE ROLE swap_held; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  DO $$ BEGIN CREATE ROLE swap_free BYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  GRANT ALL ON SCHEMA public TO swap_held, swap_free;
  CREATE POLICY half ON events USING (id > 50); CREATE POLICY half ON notes USING (id > 10);
  """

@Suite("FORCE ROW LEVEL SECURITY and swaps", .database(template: database), .ownTime(.minutes(5)))
struct RowSecurityTests {
  private func prepare(owner: String, forced: [String]) async throws {
    for table in ["events", "notes", "tags", "marks"] {
      try await TestDatabase.current.script("ALTER TABLE \(table) OWNER TO \(owner)")
    }
    for table in forced {
      try await TestDatabase.current.script(
        "ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY; ALTER TABLE \(table) FORCE ROW LEVEL SECURITY")
    }
  }

  private static let dropped = ChoiceSample.dropped
  private static let composite: JSON = ["notes_event": "composite", "tags_event": "drop", "marks_event": "drop"]

  private func refusals(unique: String, incoming: JSON, role: String?) async throws -> [Finding] {
    let wanted: [(String, JSON)] = [
      ("by", "at"), ("strategy", "copy"), ("to", "2025-05-01"), ("unique", ["events_code": .string(unique)]),
      ("incoming_foreign_keys", incoming),
    ]
    let parameters = JSON.object(JSONObject([("table", "events")] + wanted))
    let program = try await compile(PartitionSwap.self, parameters.text, role: role)
    return program.findings.filter { $0.severity == .refusal && $0.code == "swap.row_security" }
  }

  @Test(
    "what functions or copies would not see is refused, by the owner's and the role's rights",
    arguments: [
      ("swap_held", ["events"], "guard", false, nil, "guard of events_code"),
      ("swap_free", ["events"], "guard", false, nil, nil),
      ("swap_held", [], "guard", false, nil, nil),
      ("swap_held", ["events"], "append", false, nil, nil),
      ("swap_held", ["events", "notes"], "append", true, nil, nil),
      ("swap_held", ["events"], "append", false, "swap_held", "only the rows that policies show"),
      ("swap_held", ["notes"], "append", true, "swap_held", "notes_event would break"),
      ("swap_free", ["events", "notes"], "append", true, "swap_free", nil),
    ] as [(String, [String], String, Bool, String?, String?)])
  func judged(
    owner: String, forced: [String], unique: String, composite: Bool, role: String?, wanted: String?
  ) async throws {
    try await prepare(owner: owner, forced: forced)
    let found = try await refusals(unique: unique, incoming: composite ? Self.composite : Self.dropped, role: role)
    #expect(found.count == (wanted == nil ? 0 : 1), "\(found)")
    if let wanted {
      #expect(found.first?.message.contains(wanted) ?? false, "\(found)")
      #expect((found.first?.choices.count ?? 0) >= 2)
    }
  }

  @Test("policies that come later: an error for whoever they hold, never a guard that forgets")
  func later() async throws {
    try await prepare(owner: "swap_held", forced: [])
    let trial = try ChoiceSample.trial(unique: ["events_code": "guard"])
    guard try await trial.apply() else { return }
    try await TestDatabase.current.script("TRUNCATE notes, tags, marks")
    try await prepare(owner: "swap_held", forced: ["events"])
    try await expect([
      ("TRUNCATE events_p202502", "42501"),
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c1')", "23505 events_code"),
    ])
    try await TestDatabase.current.script("ALTER TABLE events NO FORCE ROW LEVEL SECURITY")
    try await expect([
      ("TRUNCATE events_p202502", "ok"),
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c1')", "23505 events_code"),
      ("INSERT INTO events (at, code) VALUES ('2025-03-20', 'c40')", "ok"),
    ])
  }
}
