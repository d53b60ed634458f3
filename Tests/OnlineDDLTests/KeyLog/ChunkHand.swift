import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Does by hand, and step by step where a test wants to come in between, what the engine does with chunked work.
struct ChunkHand {
  let connection: Connection
  var size = 7

  static func open(size: Int = 7, role: String? = nil) async throws -> ChunkHand {
    let connection = try await TestDatabase.current.connect()
    try await connection.script("SET row_security = off; SET timezone = 'UTC'; SET statement_timeout = '20s'")
    if let role { try await connection.script("SET ROLE \(Quoting.identifier(role))") }
    return ChunkHand(connection: connection, size: size)
  }

  /// The whole work: its slices one after the other, each to its end.
  @discardableResult
  func run(_ work: ChunkedWork) async throws -> Int {
    let slices = try await work.slices.asyncMap { try await connection.query($0).rows.map { $0[0] } } ?? [nil]
    var rows = 0
    for slice in slices { rows += try await walk(work, slice: slice).rows }
    return rows
  }

  /// Chunks until the cursor is NULL, or until so many have committed.
  @discardableResult
  func walk(
    _ work: ChunkedWork, from cursor: String? = nil, slice: String? = nil, atMost chunks: Int = 100_000
  ) async throws -> (cursor: String?, rows: Int, isOver: Bool) {
    var cursor = cursor
    var rows = 0
    for _ in 0..<chunks {
      let row = try await chunk(work, cursor, slice)
      rows += Int(row[1] ?? "") ?? 0
      guard let next = row[0] else { return (cursor, rows, true) }
      cursor = next
    }
    return (cursor, rows, false)
  }

  /// One chunk, committed.
  @discardableResult
  func chunk(_ work: ChunkedWork, _ cursor: String? = nil, _ slice: String? = nil) async throws -> Row {
    do {
      try await begin(work)
      let row = try await act(work, cursor, slice)
      try await connection.script("COMMIT")
      return row
    } catch {
      _ = try? await connection.script("ROLLBACK")
      throw error
    }
  }

  /// Up to the locks: where the engine's fence would follow, the snapshot under REPEATABLE READ.
  func begin(_ work: ChunkedWork, entering: Bool = true) async throws {
    let sets = work.settings.map {
      "SET LOCAL \($0.name) = \($0.name == "search_path" ? $0.value : Quoting.literal($0.value))"
    }
    let locks = entering ? work.entry.map(\.text) : []
    try await connection.script(
      (["BEGIN ISOLATION LEVEL \(work.isolation.rawValue)"] + locks + sets + ["SELECT 1"]).joined(separator: ";"))
  }

  @discardableResult
  func act(_ work: ChunkedWork, _ cursor: String? = nil, _ slice: String? = nil) async throws -> Row {
    var last: [QueryResult] = []
    for statement in work.statements { last = try await connection.script(bound(statement, cursor, slice)) }
    return try #require(last.last?.rows.first)
  }

  private func bound(_ statement: SQL, _ cursor: String?, _ slice: String?) -> String {
    [("$cursor", cursor), ("$slice", slice)].reduce(statement.text.replacing("$size", with: "\(size)")) { text, pair in
      text.replacing(pair.0, with: (pair.1.map(Quoting.literal) ?? "NULL") + "::jsonb")
    }
  }
}

extension Optional {
  func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async throws -> Value? {
    guard let self else { return nil }
    return try await body(self)
  }
}

extension TestDatabase {
  func text(_ query: SQL) async throws -> String? { try await sql(query).value }

  /// Until that session waits for a lock.
  func waiting(_ connection: Connection, within limit: Duration = .seconds(20)) async throws {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      let query: SQL = "SELECT cardinality(pg_blocking_pids(\(connection.backendPID))) > 0"
      if try await text(query) == "t" { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it does not wait")
  }

  func connected(_ script: String = "SELECT 1") async throws -> Connection {
    let connection = try await connect()
    try await connection.script("SET statement_timeout = '20s'; \(script)")
    return connection
  }
}
