@testable import GDPR
import Engine
import Glibc
import JSONText
import PluginAPI
import PostgresClient
import SQLText
import Sandbox
import Synchronization
import TestSupport
import Testing

@Suite("gdpr.erase while others write", .database(template: Customers.tables), .ownTime(.minutes(5)))
struct EraseRaceTests {
  private let log: String

  init() async throws {
    Customers.setSecrets()
    log = try TemporaryFolder.make(prefix: "erasures", in: try await TestCluster.shared.folder)
  }

  /// Writes at COMMIT, when everything has been looked at.
  private static let late = """
    CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO message VALUES (9001, 'person', OLD.id, 'a late word of Name 7 '); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER UPDATE OR DELETE ON customer DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (OLD.id = 739204117) EXECUTE FUNCTION late();
    """

  private static let stays: [(String, JSON)] = [
    (
      "rows",
      [
        "customer": "anonymize", "orders": "anonymize", "shipment": "anonymize", "message": "anonymize", "audit": "anonymize",
        "approval": ["keep": "what was approved stays approved"],
      ]
    ), ("references", [:]), ("erased_when", "t.email LIKE '%@erased.invalid'"),
  ]

  @Test("what is written in the very moment of the COMMIT is erased as well, and counted", arguments: [false, true])
  func late(stays: Bool) async throws {
    try await TestDatabase.current.script(Self.late)
    try await harness("gdpr.erase", Customers.erase(log, stays ? Self.stays : [])).applied()
    #expect(try await value("SELECT count(*) FROM message WHERE body LIKE '%Name 7 %'") == "0")
    let done = try RecordFolder(log, under: "/").texts(ending: ".json").first { !$0.key.hasSuffix(".begun.json") }
    let rows = try JSON(parsing: #require(done).value)["rows"]
    let verb = stays ? "anonymize" : "delete"
    #expect(rows?["\(verb) public.message"] == 4 && rows?["\(verb) public.orders"] == 5, "\(rows ?? .null)")
  }

  @Test("copies in a table that is not scrubbed take the whole erasure back, and the message says what to do")
  func copies() async throws {
    let before = try await Customers.traces()
    let ending = try await harness("gdpr.erase", Customers.erase(log, [("scrub", [])])).runner().apply().ending
    guard case .failed(let errors) = ending else { return _ = Issue.record("\(ending)") }
    #expect("\(errors)".contains("delete public.audit: a trigger puts rows of the subject there (`scrub`"), "\(errors)")
    #expect(try await Customers.traces() == before)
  }

  @Test("under customers who go on ordering it comes to its end, and nothing of the person is left")
  func writers() async throws {
    let goesOn = Atomic(true)
    let writer = Task {
      let session = try await TestDatabase.current.connect()
      var written = 0
      while goesOn.load(ordering: .relaxed) {
        let id = 10_000 + written
        do {
          try await session.script(
            """
            BEGIN; INSERT INTO orders VALUES (\(id), 739204117, 'item'); INSERT INTO shipment VALUES (\(id), \(id), 'Name 7 Street');
            SELECT pg_sleep(0.03); COMMIT
            """)
          written += 1
        } catch let error as PostgresError {
          _ = try? await session.script("ROLLBACK")
          guard error.sqlState == "40P01" else { break }
        }
        try await Task.sleep(for: .milliseconds(60))
      }
      await session.close()
      return written
    }
    let erase = try harness("gdpr.erase", Customers.erase(log))
    while try await value("SELECT count(*) > 102 FROM orders") != "t" { try await Task.sleep(for: .milliseconds(5)) }
    try await erase.applied()
    goesOn.store(false, ordering: .relaxed)
    #expect(try await writer.value > 2)
    #expect(try await Customers.traces() == [])
  }

  @Test("no tombstone is written over another's, also when the counting of runs has begun again")
  func tags() async throws {
    let backup = try await Backup.take()
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    try await backup.restore()
    try await TestDatabase.current.script("DROP SCHEMA caisson CASCADE")
    let other = String(repeating: "a", count: 64)
    for (name, text) in try RecordFolder(log, under: "/").texts(ending: ".json") {
      let own = try #require(try JSON(parsing: text)["subject"]?.string)
      try ServerFiles.write(text.replacing(own, with: other), to: "\(log)/\(name)", mode: 0o600, owner: nil)
    }
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    let texts = try RecordFolder(log, under: "/").texts(ending: ".json")
    let subjects = try texts.mapValues { try JSON(parsing: $0)["subject"]?.string }
    #expect(texts.count == 4 && subjects.values.filter { $0 == other }.count == 2, "\(texts.keys.sorted())")
    #expect(subjects.allSatisfy { $0.key.contains("-2.") == ($0.value != other) })
  }

  @Test("a log that lacks what the database knows of stops a replay: it is the wrong folder, or has lost something")
  func missing() async throws {
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    let other = try TemporaryFolder.make(prefix: "erasures", in: try await TestCluster.shared.folder)
    let program = try await compile(GDPRReplay.self, Customers.replay(other), secrets: true)
    #expect(refused(program) == ["gdpr.replay.missing"] && program.findings.contains { $0.code == "gdpr.replay.empty" })
    let left = try await compile(GDPRReplay.self, Customers.replay(other, [("missing", "leave")]), secrets: true)
    #expect(refused(left) == [])
  }
}
