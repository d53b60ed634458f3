import PostgresClient
import PluginAPI
import Synchronization
import TestSupport
import Testing

/// Numbers that are the same for the same seed (Steele, Lea, Flood: SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// An application that does to one table whatever can be done to rows, in both isolation levels.
final class Writers: Sendable {
  static let rows = 1500

  /// The table, `id` alone its key; where rows that come are, and numbers for them.
  static func tables(_ name: String) -> String {
    """
    CREATE SEQUENCE \(name)_id START 100000;
    CREATE TABLE \(name) (id bigint PRIMARY KEY DEFAULT nextval('\(name)_id'), day timestamptz NOT NULL, v int,
      u bigint UNIQUE, pad text);
    INSERT INTO \(name) SELECT g, \(day("g")), g, g, CASE WHEN g % 3 > 0 THEN 'pad' END FROM generate_series(1, \(rows)) g;
    """
  }

  static func day(_ number: String) -> String { "timestamptz '2026-01-03 00:00+00' + (\(number)) % 170 * interval '1 day'" }

  private let table: String
  private let log: QualifiedName
  private let truncates: Bool
  private let isStopped = Atomic(false)
  private let committed = Atomic(0)
  private let troubles = Mutex<[String]>([])

  /// The key that the control's copier has come to; there it is most dangerous.
  let frontier = Atomic(0)

  /// `log`: of the changes they make.
  init(on table: String, log: QualifiedName, truncating truncates: Bool) {
    self.table = table
    self.log = log
    self.truncates = truncates
  }

  /// The key that the engine's copier has come to.
  private static let cursor: SQL = """
    SELECT max((cursor->>0)::bigint) FROM caisson.task WHERE operation = 'copy' AND state = 'running'
    """

  var count: Int { committed.load(ordering: .relaxed) }
  var unexpected: [String] { troubles.withLock { $0 } }

  /// While `body` runs, so many sessions write.
  func work<Value: Sendable>(_ sessions: Int, seed: UInt64, during body: () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for session in 0..<sessions {
        group.addTask { try await self.write(SeededNumbers(seed: seed &* 1000 &+ UInt64(session)), as: "\(seed)_\(session)") }
      }
      let value: Value
      do {
        value = try await body()
      } catch {
        isStopped.store(true, ordering: .relaxed)
        throw error
      }
      isStopped.store(true, ordering: .relaxed)
      try await group.waitForAll()
      return value
    }
  }

  private func write(_ seeded: SeededNumbers, as name: String) async throws {
    var numbers = seeded
    let connection = try await TestDatabase.current.connect()
    try await connection.script("SET deadlock_timeout = '50ms'; SET statement_timeout = '30s'")
    var prepared = 0
    while !isStopped.load(ordering: .relaxed) {
      do {
        let copied = Int(try await connection.query(Writers.cursor).value ?? "") ?? 0
        let near = Bool.random(using: &numbers) ? copied : frontier.load(ordering: .relaxed)
        try await connection.script(opening(&numbers))
        for _ in 0..<[1, 1, 1, 2, 4].randomElement(using: &numbers)! {
          try await connection.script(change(near: near, &numbers))
        }
        prepared += 1
        for part in ending("\(name)_\(prepared)", &numbers) { try await connection.script(part) }
        committed.add(1, ordering: .relaxed)
        if prepared % 16 == 0 { try await slowDown(on: connection) }
      } catch {
        let state = error.sqlState ?? ""
        if !state.hasPrefix("40"), state != "23505" { troubles.withLock { $0.append(error.description) } }
        _ = try? await connection.script("ROLLBACK")
      }
    }
    await connection.close()
  }

  /// A log that grows for ever faster than it is replayed is not what is tried here.
  private func slowDown(on connection: Connection) async throws(PostgresError) {
    let isThere: SQL = "SELECT to_regclass(\(log.quoted)) IS NOT NULL"
    func isLonger(than length: Int) async throws(PostgresError) -> Bool {
      let limit: SQL = "\(sql: SQL(verbatim: "\(length)"))"
      return try await connection.query("SELECT count(*) = \(sql: limit) FROM (SELECT FROM \(id: log) LIMIT \(sql: limit)) AS l").value == "t"
    }
    guard try await connection.query(isThere).value == "t", try await isLonger(than: 3000) else { return }
    // Until a pass has come down to where it ends, however slow the machine.
    while !isStopped.load(ordering: .relaxed), try await isLonger(than: 30) {
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  private func opening(_ numbers: inout SeededNumbers) -> String {
    guard Int.random(in: 0..<100, using: &numbers) < 50 else { return "SELECT pg_sleep(0.002); BEGIN" }
    let pause = Double.random(in: 0...0.05, using: &numbers)
    return "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1; SELECT pg_sleep(\(pause))"
  }

  /// Prepared transactions are ended outside any transaction block, so in messages of their own.
  private func ending(_ gid: String, _ numbers: inout SeededNumbers) -> [String] {
    switch Int.random(in: 0..<40, using: &numbers) {
    case 0: ["PREPARE TRANSACTION '\(gid)'", "SELECT pg_sleep(0.05)", "COMMIT PREPARED '\(gid)'"]
    case 1: ["PREPARE TRANSACTION '\(gid)'", "ROLLBACK PREPARED '\(gid)'"]
    case 2, 3: ["ROLLBACK"]
    case 4, 5: ["SELECT pg_sleep(0.03)", "COMMIT"]
    default: ["COMMIT"]
    }
  }

  private func change(near: Int, _ numbers: inout SeededNumbers) -> String {
    let any = Int.random(in: 1...Writers.rows, using: &numbers)
    let id = Bool.random(using: &numbers) ? any : max(1, near + Int.random(in: -20...70, using: &numbers))
    let number = Int.random(in: 0..<1000, using: &numbers)
    let moved = "UPDATE \(table) SET day = \(Writers.day("\(number)")) WHERE id = \(id)"
    switch Int.random(in: 0..<100, using: &numbers) {
    case 0..<12: return "INSERT INTO \(table) (day, v, pad) VALUES (\(Writers.day("\(number)")), \(number), 'new')"
    case 12..<24: return "UPDATE \(table) SET v = NULL, pad = NULL WHERE id = \(id)"
    case 24..<36: return "UPDATE \(table) SET v = \(number), pad = '\(number)' WHERE id = \(id)"
    case 36..<50: return "DELETE FROM \(table) WHERE id = \(id)"
    case 50..<58: return "UPDATE \(table) SET id = nextval('\(table)_id') WHERE id = \(id)"
    case 58..<72: return moved
    case 72..<78: return "\(moved); SELECT pg_sleep(0.01); UPDATE \(table) SET day = \(Writers.day("id::int")) WHERE id = \(id)"
    case 78..<84:
      return """
        UPDATE \(table) SET u = -u WHERE id IN (\(id), \(any));
        UPDATE \(table) t SET u = -o.u FROM \(table) o WHERE t.id IN (\(id), \(any)) AND o.id IN (\(id), \(any))
          AND o.id <> t.id AND o.u < 0 AND t.u < 0
        """
    case 84..<92:
      return """
        INSERT INTO \(table) AS t (id, day, v) VALUES (\(id), \(Writers.day("\(id)")), \(number))
        ON CONFLICT (id) DO UPDATE SET v = excluded.v, pad = NULL
        """
    case 92..<98: return "UPDATE \(table) SET v = 1 WHERE id BETWEEN \(id) AND \(id + 40)"
    default:
      guard truncates, number < 150 else { return "SELECT 1" }
      return """
        INSERT INTO \(table) (day) VALUES (\(Writers.day("1"))); TRUNCATE \(table);
        INSERT INTO \(table) SELECT g, \(Writers.day("g")), g, g, 'again' FROM generate_series(1, \(Writers.rows / 2)) g
        """
    }
  }
}
