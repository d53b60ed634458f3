import PostgresClient
import SQLText
import Synchronization
import TestSupport

/// Clients that do to the table what applications do, and note it.
final class SwapWorkload: Sendable {
  private let target: ConnectionString
  private let stopped = Atomic(false)
  private let isCalm = Atomic(false)
  private let clients: Mutex<[Task<Void, Never>]> = Mutex([])
  private let counts: Mutex<[String: Int]> = Mutex([:])
  /// How often, of all transactions, the table is emptied.
  private let truncates: Double

  init(_ target: ConnectionString, truncates: Double) {
    self.target = target
    self.truncates = truncates
  }

  func start(clients count: Int, seed: Int) {
    let tasks = (0..<count).map { number in
      Task.detached { [self] in await work(SeededRandom(seed * 1000 + number), number: number) }
    }
    clients.withLock { $0 = tasks }
  }

  /// From now on its clients think between two transactions.
  func calm() { isCalm.store(true, ordering: .relaxed) }

  /// What happened, by SQLSTATE; `ok` for transactions that were committed or meant to be rolled back.
  func stop() async -> [String: Int] {
    stopped.store(true, ordering: .relaxed)
    for client in clients.withLock({ $0 }) { await client.value }
    return counts.withLock { $0 }
  }

  private func note(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }

  private func work(_ random: SeededRandom, number: Int) async {
    var random = random
    var connection: Connection?
    while !stopped.load(ordering: .relaxed) {
      do {
        if connection == nil {
          connection = try await Connection.connect(target)
          try await connection?.script("PREPARE upd(int, bigint) AS \(noting("UPDATE app.src SET v = $1 WHERE id = $2"))")
        }
        guard let connection else { continue }
        try await transaction(on: connection, &random)
        note("ok")
        if isCalm.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(50)) }
      } catch let error as PostgresError {
        if error.isConnectionLoss || error.sqlState == nil {
          connection = nil
          try? await Task.sleep(for: .milliseconds(50))
        } else {
          note(error.sqlState ?? "")
          if (try? await connection?.script("ROLLBACK")) == nil { connection = nil }
        }
      } catch { note("\(error)") }
    }
    await connection?.close()
  }

  private func transaction(on connection: Connection, _ random: inout SeededRandom) async throws {
    let isRepeatable = Double.random(in: 0..<1, using: &random) < 0.4
    try await connection.script("BEGIN ISOLATION LEVEL \(isRepeatable ? "REPEATABLE READ" : "READ COMMITTED")")
    if isRepeatable {
      try await connection.script("SELECT 1 FROM app.ledger LIMIT 1; SELECT pg_sleep(\(Double.random(in: 0..<0.02, using: &random)))")
    }
    for _ in 0..<[1, 1, 1, 2, 4].randomElement(using: &random)! {
      for statement in SwapDeed.random(truncates: truncates, &random) { try await connection.script(statement) }
    }
    if Int.random(in: 0..<5, using: &random) == 0 {
      try await connection.script("SELECT pg_sleep(\(Double.random(in: 0..<0.05, using: &random)))")
    }
    try await connection.script(Int.random(in: 0..<13, using: &random) == 0 ? "ROLLBACK" : "COMMIT")
  }
}

/// A statement with what it did to rows noted beside it.
func noting(_ statement: String, _ op: String = "U") -> String {
  """
  WITH x AS (\(statement) RETURNING *) INSERT INTO app.ledger (id, op, h) SELECT id, '\(op)', md5(x::text) FROM x
  """
}

/// One thing an application does.
enum SwapDeed: CaseIterable {
  case insert, null, update, delete, key, move, back, many, child, childless
  case parent, parentCascade, parentNull, viewInsert, viewUpdate, execute, upsert

  private var weight: Double {
    switch self {
    case .insert, .update: 10
    case .null, .upsert: 8
    case .move: 9
    case .delete, .execute: 6
    case .key, .back, .viewInsert, .viewUpdate: 5
    case .child: 4
    case .childless: 2
    case .many: 1
    case .parent, .parentCascade, .parentNull: 0.7
    }
  }

  static func random(truncates: Double, _ random: inout SeededRandom) -> [String] {
    if Double.random(in: 0..<1, using: &random) < truncates { return truncate(&random) }
    var place = Double.random(in: 0..<allCases.reduce(0) { $0 + $1.weight }, using: &random)
    for deed in allCases {
      place -= deed.weight
      if place < 0 { return deed.statements(&random) }
    }
    return insert.statements(&random)
  }

  private static func row(_ r: inout SeededRandom, pad: String = "n") -> String {
    let parent = Int.random(in: 1...40, using: &r)
    func maybe(_ value: Int) -> String { Bool.random(using: &r) ? "\(value)" : "NULL" }
    return """
      (id, created_at, v, u, par, par_c, par_n, pad) VALUES (nextval('app.src_id'), \(time(&r)),
        \(Int.random(in: 0..<99, using: &r)), nextval('app.u_seq'), \(parent), \(maybe(parent)), \(maybe(parent)), '\(pad)')
      """
  }

  private static func time(_ r: inout SeededRandom) -> String {
    if Int.random(in: 0..<3, using: &r) > 0 { return "app.ts(\(Int.random(in: 0..<170, using: &r)))" }
    let year = [2019, 2025, 2031].randomElement(using: &r)!, month = Int.random(in: 1...12, using: &r)
    return "'\(year)-\(month < 10 ? "0" : "")\(month)-05 00:00+00'::timestamptz"
  }

  private static func truncate(_ r: inout SeededRandom) -> [String] {
    let first = Bool.random(using: &r) ? [noting("INSERT INTO app.src \(row(&r))")] : []
    return first + ["TRUNCATE app.src, app.child", "INSERT INTO app.ledger (op) VALUES ('T')"]
      + (0..<30).map { _ in noting("INSERT INTO app.src \(row(&r, pad: "t"))") }
      + [
        noting(
          "INSERT INTO app.src (id, created_at, v) SELECT g, app.ts(g), g FROM generate_series(1, \(SwapSample.rows)) g")
      ]
  }

  private func statements(_ r: inout SeededRandom) -> [String] {
    let any = Int.random(in: SwapSample.steady + 1...SwapSample.rows + 600, using: &r)
    let hot = Int.random(in: 1..<SwapSample.rows, using: &r), parent = Int.random(in: 1...40, using: &r)
    let value = Int.random(in: 0..<99, using: &r)
    switch self {
    case .insert: return [noting("INSERT INTO app.src \(Self.row(&r))")]
    case .viewInsert: return [noting("INSERT INTO app.v \(Self.row(&r))")]
    case .null: return [noting("UPDATE app.src SET v = NULL, pad = NULL WHERE id = \(hot)")]
    case .update: return [noting("UPDATE app.src SET v = \(value) WHERE id = \(hot)")]
    case .viewUpdate: return [noting("UPDATE app.v SET v = \(["NULL", "7"].randomElement(using: &r)!) WHERE id = \(hot)")]
    case .execute: return ["EXECUTE upd(\(value), \(hot))"]
    case .many: return [noting("UPDATE app.src SET v = 1 WHERE id BETWEEN \(hot) AND \(hot + 60)")]
    case .delete: return [noting("DELETE FROM app.src WHERE id = \(any)", "D")]
    case .key: return [Self.newKey(any)]
    case .move: return [noting("UPDATE app.src SET created_at = \(Self.time(&r)) WHERE id = \(any)")]
    case .back:
      return [
        noting("UPDATE app.src SET created_at = \(Self.time(&r)) WHERE id = \(any)"), "SELECT pg_sleep(0.01)",
        noting("UPDATE app.src SET created_at = app.ts(id) WHERE id = \(any)"),
      ]
    case .upsert:
      let steady = Int.random(in: 1..<SwapSample.steady, using: &r)
      return [
        noting(
          """
          INSERT INTO app.src AS s (id, created_at, v, pad) VALUES (\(steady), app.ts(\(steady)), \(value), 'up')
          ON CONFLICT (id, created_at) DO UPDATE SET v = excluded.v, pad = NULL
          """)
      ]
    case .child: return ["INSERT INTO app.child (src_id, src_ts) SELECT id, created_at FROM app.src WHERE id = \(hot)"]
    case .childless: return ["DELETE FROM app.child WHERE src_id = \(hot)"]
    case .parent:
      return [
        "SELECT FROM app.par WHERE id = \(parent) FOR UPDATE", noting("DELETE FROM app.src WHERE par = \(parent)", "D"),
        "DELETE FROM app.par WHERE id = \(parent)", "INSERT INTO app.par VALUES (\(parent))",
      ]
    case .parentCascade: return Self.replaced("par_c", parent)
    case .parentNull: return Self.replaced("par_n", parent)
    }
  }

  private static func newKey(_ id: Int) -> String {
    """
    WITH o AS MATERIALIZED (SELECT id FROM app.src WHERE id = \(id) FOR UPDATE), x AS (
      UPDATE app.src s SET id = nextval('app.src_id') FROM o WHERE s.id = o.id RETURNING s.*, o.id AS oid)
    INSERT INTO app.ledger (id, op, h) SELECT oid, 'D', NULL FROM x UNION ALL
      SELECT s.id, 'U', md5(ROW(s.id, s.created_at, s.v, s.u, s.par, s.par_c, s.par_n, s.pad)::text) FROM x s
    """
  }

  /// Deletes what rows refer to; the foreign key deletes or empties them, and the ledger is told what became of them.
  private static func replaced(_ parent: String, _ id: Int) -> [String] {
    [
      "CREATE TEMP TABLE IF NOT EXISTS hit (id bigint)", "DELETE FROM hit",
      "SELECT FROM app.\(parent) WHERE id = \(id) FOR UPDATE",
      "INSERT INTO hit SELECT id FROM app.src WHERE \(parent) = \(id) FOR UPDATE",
      "DELETE FROM app.\(parent) WHERE id = \(id)", "INSERT INTO app.\(parent) VALUES (\(id))",
      """
      INSERT INTO app.ledger (id, op, h)
      SELECT i.id, CASE WHEN t.id IS NULL THEN 'D'::"char" ELSE 'U' END, md5(t::text)
      FROM hit i LEFT JOIN app.src t ON t.id = i.id
      """,
    ]
  }
}
