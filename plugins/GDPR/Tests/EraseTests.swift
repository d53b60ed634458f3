@testable import GDPR
import Engine
import Glibc
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@Suite("gdpr.erase and gdpr.replay", .database(template: Customers.tables), .ownTime(.minutes(5))) struct EraseTests {
  private let log: String

  init() async throws {
    Customers.setSecrets()
    log = try TemporaryFolder.make(prefix: "erasures", in: try await TestCluster.shared.folder)
  }

  private func texts(_ suffix: String) throws -> [String: String] { try RecordFolder(log, under: "/").texts(ending: suffix) }

  private func ending(_ harness: EngineHarness, again: Bool = false) async throws -> RunReport.Ending {
    try await harness.runner().apply(again: again).ending
  }

  @Test("nothing of the person is left anywhere, nobody else's row is touched, and a second run changes nothing")
  func gone() async throws {
    let others = try await Customers.others()
    let erase = try harness("gdpr.erase", Customers.erase(log))
    try await erase.applied()
    #expect(try await Customers.traces() == [])
    #expect(try await Customers.others() == others)
    #expect(!erase.events.text.contains(Customers.subject))
    let snapshot = try #require(try await value("SELECT pg_current_xact_id()::text::bigint"))
    let again = try harness("gdpr.erase", Customers.erase(log))
    try await again.applied(again: true)
    let touched = try await value(
      "SELECT count(*) FROM (SELECT xmin FROM customer UNION ALL SELECT xmin FROM approval) x WHERE x.xmin::text::bigint > \(sql: snapshot)")
    #expect(touched == "0")
    #expect(try texts(".json").count == 2)
  }

  @Test("the log has a tombstone before and a word after, with counts, and nothing personal in either")
  func tombstone() async throws {
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    let files = try texts(".json")
    let begun = try #require(files.first { $0.key.hasSuffix(".begun.json") })
    let done = try #require(files.first { !$0.key.hasSuffix(".begun.json") })
    #expect(mode("\(log)/\(done.key)") == 0o600)
    let json = try JSON(parsing: done.value), before = try JSON(parsing: begun.value)
    #expect(json["state"] == "done" && before["state"] == "begun")
    #expect(json["subject"]?.string?.count == 64 && json["map"]?.string?.count == 64)
    #expect(json["rows"]?["delete public.orders"] == 5 && json["rows"]?["delete public.customer"] == 1, "\(json)")
    #expect(json["rows"]?["null public.approval.approved_by"] == 5 && json["at"]?.string?.hasSuffix("Z") == true)
    for text in files.values { #expect(!text.contains(Customers.subject) && !text.contains("Name 7")) }
  }

  @Test("after a restore the replay erases the person again, and once only")
  func replay() async throws {
    let others = try await Customers.others()
    let backup = try await Backup.take()
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    try await backup.restore()
    #expect(try await Customers.traces() != [])
    let replay = try harness("gdpr.replay", Customers.replay(log))
    try await replay.applied()
    #expect(try await Customers.traces() == [])
    #expect(try await Customers.others() == others)
    let second = try await replay.runner().preview().preparation.steps[0]
    #expect(second.compiled?.program.operations.isEmpty == true)
    #expect(second.findings.map(\.code) == ["gdpr.replay.nothing"], "\(second.findings)")
  }

  @Test("with another key nobody would be found: that is refused, for a replay and for the next erasure")
  func otherKey() async throws {
    let backup = try await Backup.take()
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    try await backup.restore()
    setenv("CAISSON_TEST_OTHER_KEY", "other", 1)
    let program = try await compile(
      GDPRReplay.self, Customers.replay(log, [("log_key", "${env:CAISSON_TEST_OTHER_KEY}")]), secrets: true)
    #expect(refused(program) == ["gdpr.log.key"], "\(program.findings)")
    let next = try await compile(GDPRErase.self, Customers.erase(log, [("log_key", "${env:CAISSON_TEST_OTHER_KEY}")]), secrets: true)
    #expect(refused(next) == ["gdpr.log.key"])
  }

  @Test("a person under legal hold is refused, before and while it runs")
  func held() async throws {
    try await TestDatabase.current.sql("INSERT INTO hold VALUES (\(sql: Customers.subject))")
    let ending = try await ending(harness("gdpr.erase", Customers.erase(log)))
    guard case .refused(let findings) = ending else { return _ = Issue.record("\(ending)") }
    #expect(findings.map(\.finding.code) == ["gdpr.held"])
    #expect(try texts(".json").isEmpty)
  }

  @Test("an erasure that fails changes nothing, and the log shows that it was begun; a replay asks about it")
  func failed() async throws {
    try await TestDatabase.current.sql(
      "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not this one'; END$$")
    try await TestDatabase.current.sql("CREATE TRIGGER no BEFORE DELETE ON customer FOR EACH ROW EXECUTE FUNCTION no()")
    let ending = try await ending(harness("gdpr.erase", Customers.erase(log)))
    guard case .failed = ending else { return _ = Issue.record("\(ending)") }
    let names = try texts(".json").keys
    #expect(names.count == 1 && names.allSatisfy { $0.hasSuffix(".begun.json") })
    #expect(try await value("SELECT count(*) FROM orders WHERE customer_id = \(sql: Customers.subject)") == "5")
    let replay = try await compile(GDPRReplay.self, Customers.replay(log), secrets: true)
    #expect(refused(replay) == ["gdpr.replay.unconfirmed"])
    let left = try await compile(GDPRReplay.self, Customers.replay(log, [("unconfirmed", "leave")]), secrets: true)
    #expect(left.operations.isEmpty && refused(left) == [])
    let erased = try await compile(GDPRReplay.self, Customers.replay(log, [("unconfirmed", "erase")]), secrets: true)
    #expect(erased.operations.map(\.id) == ["erase"])
  }

  @Test("a folder that is not there is refused before anything happens, with the command that makes it")
  func folder() async throws {
    let program = try await compile(GDPRErase.self, Customers.erase("\(log)/nosuch"), secrets: true)
    #expect(refused(program) == ["gdpr.log.folder"])
    #expect(program.refusals.first?.choices.first == "make the folder, apart from the database: mkdir -m 700 \(log)/nosuch")
  }

  @Test("neither the planner's samples nor a materialized view is forgotten")
  func copies() async throws {
    try await TestDatabase.current.script("CREATE MATERIALIZED VIEW streets AS SELECT street FROM shipment")
    let stats: SQL = "SELECT count(*) FROM pg_stats s WHERE schemaname = 'public' AND s::text LIKE '%mail7@%'"
    #expect(try await value(stats) != "0")
    let erase = try harness("gdpr.erase", Customers.erase(log))
    let step = try await erase.runner().preview().preparation.steps[0]
    #expect(step.findings.filter { $0.code == "gdpr.materialized" }.count == 1, "\(step.findings)")
    try await erase.applied()
    #expect(try await value(stats) == "0")
  }

  @Test("a log with a file that is no record stops the replay")
  func damaged() async throws {
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    let name = try #require(try texts(".json").keys.first { !$0.contains("begun") })
    truncate("\(log)/\(name)", 40)
    #expect(try await refused(compile(GDPRReplay.self, Customers.replay(log), secrets: true)) == ["gdpr.log.damaged"])
  }

  @Test("the subject's row may stay, anonymised; it is known by a condition, so the second run changes nothing")
  func stays() async throws {
    let rows: JSON = [
      "customer": "anonymize", "orders": "anonymize", "shipment": "anonymize", "message": "anonymize", "audit": "anonymize",
      "approval": ["keep": "what was approved stays approved"],
    ]
    let more: [(String, JSON)] = [
      ("rows", rows), ("references", [:]), ("erased_when", "t.email LIKE '%@erased.invalid'"),
    ]
    try await harness("gdpr.erase", Customers.erase(log, more)).applied()
    let row = try await value("SELECT row(name, email ~ '^[0-9a-f]{32}@erased.invalid$', password_hash)::text FROM customer WHERE id = \(sql: Customers.subject)")
    #expect(row == "(gone,t,)")
    #expect(try await value("SELECT count(*) FROM orders WHERE item IS NULL AND note #>> '{contact,phone}' IS NULL") == "5")
    #expect(try await value("SELECT count(*) FROM audit WHERE old_row ->> 'item' IS NULL") != "0")
    let before = try await value("SELECT email FROM customer WHERE id = \(sql: Customers.subject)")
    try await harness("gdpr.erase", Customers.erase(log, more)).applied(again: true)
    #expect(try await value("SELECT email FROM customer WHERE id = \(sql: Customers.subject)") == before)
    #expect(try texts(".json").count == 2)
  }

  @Test("nothing is left to chance: what is not said is refused, with the choices", arguments: [
    ("references", ["customer.boss_id": "null"], "gdpr.erase.reference"),
    ("references", ["approval.approved_by": "null", "customer.boss_id": "null", "orders.customer_id": "null"], "gdpr.erase.not_null"),
    ("references", ["approval.approved_by": "null", "customer.boss_id": "null", "orders.item": "null"], "gdpr.erase.references"),
    ("references", ["approval.approved_by": "null", "customer.boss_id": "delete"], "gdpr.erase.circle"),
    ("rows", ["customer": "delete"], "gdpr.erase.rows"), ("scrub", ["hold"], "gdpr.scrub"),
    ("erased_when", "nosuch = 1", "gdpr.erase.erased_when"), ("holds", ["query": "SELECT nosuch"], "gdpr.erase.holds"),
  ] as [(String, JSON, String)])
  func undecided(key: String, value: JSON, code: String) async throws {
    let program = try await compile(GDPRErase.self, Customers.erase(log, [(key, value)]), secrets: true)
    #expect(refused(program).contains(code), "\(program.findings)")
    #expect(program.operations.isEmpty)
  }

  @Test("a reference without an index is named with the remedy")
  func unindexed() async throws {
    try await TestDatabase.current.sql("DROP INDEX shipment_order_id_idx")
    let program = try await compile(GDPRErase.self, Customers.erase(log), secrets: true)
    let finding = try #require(program.findings.first { $0.code == "gdpr.erase.unindexed" })
    #expect(finding.choices == ["a step before: index.create with table: public.shipment, columns: [order_id]"])
  }

  @Test("a key in another form than the server's is refused: its digest would be another's", arguments: [
    " 739204117", "0739204117", "abc", "99999999999999999999", "7; DROP TABLE customer",
  ])
  func form(key: String) async throws {
    // The cases run side by side.
    let variable = "CAISSON_TEST_SUBJECT_OF_\(TestDatabase.current.name)"
    setenv(variable, key, 1)
    let with = Customers.erase(log, [("subject", .string("${env:\(variable)}"))])
    #expect(try await refused(compile(GDPRErase.self, with, secrets: true)) == ["gdpr.subject.form"])
  }

  @Test("neither a person's key nor the log's may stand in a plan", arguments: ["subject", "log_key"])
  func literal(key: String) throws {
    #expect(throws: InvalidInput.self) { try harness("gdpr.erase", Customers.erase(log, [(key, "4711")])) }
  }
}

/// The tables as they are, to be put back as a restore would.
struct Backup {
  private static let tables = ["customer", "orders", "shipment", "approval", "message", "audit"]

  static func take() async throws -> Backup {
    try await TestDatabase.current.sql("CREATE SCHEMA backup")
    for table in tables { try await TestDatabase.current.sql("CREATE TABLE backup.\(sql: table) AS TABLE \(sql: table)") }
    return Backup()
  }

  /// `keeping`: it is needed again.
  func restore(keeping: Bool = false) async throws {
    let database = TestDatabase.current
    try await database.sql("TRUNCATE customer, orders, shipment, approval, message, audit")
    for table in Self.tables { try await database.sql("INSERT INTO \(sql: table) TABLE backup.\(sql: table)") }
    if !keeping { try await database.sql("DROP SCHEMA backup CASCADE") }
  }
}

func mode(_ path: String) -> Int {
  var facts = stat()
  return stat(path, &facts) == 0 ? Int(facts.st_mode & 0o7777) : -1
}

/// Compiled by the engine, which knows the secrets.
func compile<Kind: StepKind>(_ kind: Kind.Type, _ with: JSON, secrets: Bool) async throws -> Program {
  let steps = try await harness(Kind.name, with).runner().preview().preparation.steps
  var program = try #require(steps.first?.compiled?.program)
  program.findings.removeAll { $0.code.hasPrefix("lint.") }
  return program
}
