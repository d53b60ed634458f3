import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// A source, its copy, and the log between them.
struct Followed {
  var log: KeyLog
  var leaves: [QualifiedName] = []

  var database: TestDatabase { TestDatabase.current }

  /// Ten rows, ids 1 to 10, in leaves by `p` modulo 3; a change of `p` moves a row.
  static let tables = """
    CREATE TABLE src (id int PRIMARY KEY, p int NOT NULL, u int, pad text);
    INSERT INTO src SELECT g, g % 3, g, CASE WHEN g % 2 = 0 THEN 'pad' END FROM generate_series(1, 10) g;
    CREATE TABLE cp (id int NOT NULL, p int NOT NULL, u int, pad text) PARTITION BY LIST (p);
    CREATE TABLE cp0 PARTITION OF cp FOR VALUES IN (0);
    CREATE TABLE cp1 PARTITION OF cp FOR VALUES IN (1);
    CREATE TABLE cp_rest PARTITION OF cp DEFAULT;
    """

  static let simple = Followed(
    log: KeyLog(
      source: QualifiedName("public", "src"), copy: QualifiedName("public", "cp"),
      primaryKey: [LoggedColumn("id", "integer")], partitionKey: LoggedColumn("p", "integer"),
      columns: ["id", "p", "u", "pad"], name: "fwd"))

  /// Makes the log, notes changes from now on; what the triggers look like.
  func begin(keyed: Bool = true, on connection: Connection? = nil) async throws -> String {
    if connection == nil { try await database.script("CREATE SCHEMA IF NOT EXISTS caisson") }
    if keyed, leaves.isEmpty {
      let key = log.pairColumns.map(Quoting.identifier).joined(separator: ", ")
      try await database.script("ALTER TABLE \(log.copy.quoted) ADD PRIMARY KEY (\(key))")
    }
    let statements = log.create + log.createTripwire + log.capture(on: log.source, leaves: leaves)
    let text = "BEGIN;" + statements.map(\.text).joined(separator: ";") + ";COMMIT"
    if let connection { try await connection.script(text) } else { try await database.script(text) }
    return try await fingerprint()
  }

  func fingerprint() async throws -> String {
    let text = try await database.text(log.captureFingerprint)
    return try #require(text)
  }

  /// Rows on one side only, every one counted.
  func differences() async throws -> Int {
    let columns = log.columns.map(Quoting.identifier).joined(separator: ", ")
    func beyond(_ a: QualifiedName, _ b: QualifiedName) -> String {
      "(SELECT count(*) FROM (SELECT \(columns) FROM \(a.quoted) EXCEPT ALL SELECT \(columns) FROM \(b.quoted)) x)"
    }
    let query = SQL(verbatim: "SELECT \(beyond(log.source, log.copy)) + \(beyond(log.copy, log.source))")
    let count = try await database.text(query)
    return try #require(count.flatMap { Int($0) })
  }

  func backlog() async throws -> Int {
    let count = try await database.text(log.backlog)
    return try #require(count.flatMap { Int($0) })
  }

  func copy(_ fingerprint: String, order: KeyLog.CopyOrder = .primaryKey, keyed: Bool = true) -> ChunkedWork {
    log.copyWork(order: order, fingerprint: fingerprint, keyed: keyed, target: .milliseconds(250))
  }

  func replay(limited: Bool = false, indexed: Bool = true) -> ChunkedWork {
    log.replayWork(limited: limited, indexed: indexed, target: .milliseconds(250))
  }

  func verification(_ comparison: KeyLog.Comparison = .hash) -> ChunkedWork {
    log.verifyWork(comparison, target: .milliseconds(250))
  }
}

extension KeyLog {
  var pairColumns: [String] {
    let names = primaryKey.map(\.name)
    return names.contains(partitionKey.name) ? names : names + [partitionKey.name]
  }
}
