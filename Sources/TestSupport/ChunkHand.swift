package import PluginAPI
package import PostgresClient
package import SQLText
import Testing

/// Does by hand, and step by step where a test wants to come in between, what the engine does with chunked work.
package struct ChunkHand: Sendable {
  package let connection: Connection
  /// Rows a chunk.
  package var size: Int

  package init(connection: Connection, size: Int = 7) {
    self.connection = connection
    self.size = size
  }

  package static func open(size: Int = 7, role: String? = nil) async throws -> ChunkHand {
    let connection = try await TestDatabase.current.connect()
    try await connection.script("SET row_security = off; SET timezone = 'UTC'; SET statement_timeout = '20s'")
    if let role { try await connection.script("SET ROLE \(Quoting.identifier(role))") }
    return ChunkHand(connection: connection, size: size)
  }

  /// The whole work: its slices one after the other, each to its end.
  @discardableResult
  package func run(_ work: ChunkedWork) async throws -> Int {
    var rows = 0
    for slice in try await slices(work) { rows += try await walk(work, slice: slice).rows }
    return rows
  }

  package func slices(_ work: ChunkedWork) async throws -> [String?] {
    guard let slices = work.slices else { return [nil] }
    return try await connection.query(slices).rows.map { $0[0] }
  }

  /// Chunks until the cursor is NULL, or until so many have committed.
  @discardableResult
  package func walk(
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
  package func chunk(_ work: ChunkedWork, _ cursor: String? = nil, _ slice: String? = nil) async throws -> Row {
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
  package func begin(_ work: ChunkedWork, entering: Bool = true) async throws {
    let sets = work.settings.map {
      "SET LOCAL \($0.name) = \($0.name == "search_path" ? $0.value : Quoting.literal($0.value))"
    }
    let locks = entering ? work.entry.map(\.text) : []
    try await connection.script(
      (["BEGIN ISOLATION LEVEL \(work.isolation.rawValue)"] + locks + sets + ["SELECT 1"]).joined(separator: ";"))
  }

  @discardableResult
  package func act(_ work: ChunkedWork, _ cursor: String? = nil, _ slice: String? = nil) async throws -> Row {
    var last: [QueryResult] = []
    for statement in work.statements { last = try await connection.script(bound(statement, cursor, slice).text) }
    return try #require(last.last?.rows.first)
  }

  /// With its parameters written out.
  package func bound(_ statement: SQL, _ cursor: String?, _ slice: String?) -> SQL {
    let sized = statement.text.replacing("$size", with: "\(size)")
    let text = [("$cursor", cursor), ("$slice", slice)].reduce(sized) { text, pair in
      text.replacing(pair.0, with: (pair.1.map(Quoting.literal) ?? "NULL") + "::jsonb")
    }
    return SQL(verbatim: text)
  }
}
