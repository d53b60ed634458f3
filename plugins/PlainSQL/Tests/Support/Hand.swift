import Catalog
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import Testing
import YAMLTree

/// Does by hand what the engine does with a program: enough to see whether its SQL is right.
struct Hand {
  let connection: Connection
  var size = 7

  func run(_ operations: [Operation]) async throws {
    for operation in operations { try await run(operation) }
  }

  func undo(_ operations: [Operation]) async throws {
    for operation in operations.reversed() {
      if case .operations(let list) = operation.undo { try await run(list) }
    }
  }

  func run(_ operation: Operation) async throws {
    if let unless = operation.unless, try await connection.query(unless).rows.first?[0] == "t" { return }
    switch operation.work {
    case .transaction(let work):
      try await inTransaction(work.settings, work.statements.map(\.sql))
    case .autocommit(let work): _ = try await connection.query(work.statement)
    case .chunked(let work):
      for slice in try await slices(work) { try await walk(work, slice: slice) }
    case .observe(let work):
      for query in work.queries {
        let value = try await connection.query(query.sql).rows.first?[0]
        if query.expect == .isTrue { #expect(value == "t", "\(query.message ?? query.name)") }
      }
    default: Issue.record("\(operation.work.kind) is not for hands")
    }
  }

  func slices(_ work: ChunkedWork) async throws -> [String?] {
    guard let slices = work.slices else { return [nil] }
    return try await connection.query(slices).rows.map { $0[0] }
  }

  /// Chunks until the cursor is NULL, or until so many have committed.
  @discardableResult
  func walk(
    _ work: ChunkedWork, from cursor: String? = nil, slice: String? = nil, atMost chunks: Int = .max
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

  private func chunk(_ work: ChunkedWork, _ cursor: String?, _ slice: String?) async throws -> Row {
    let results = try await inTransaction(work.settings, work.statements.map { bound($0, cursor, slice) })
    return try #require(results.last?.rows.first)
  }

  func bound(_ statement: SQL, _ cursor: String?, _ slice: String?) -> SQL {
    let values = [
      "$cursor": cursor.map(Quoting.literal) ?? "NULL", "$slice": slice.map(Quoting.literal) ?? "NULL",
      "$size": String(size),
    ]
    var text = statement.text
    for (name, value) in values {
      text = text.split(separator: name + "::", omittingEmptySubsequences: false).joined(separator: value + "::")
    }
    return SQL(verbatim: text)
  }

  /// In one round trip.
  @discardableResult
  func inTransaction(_ settings: [Setting], _ statements: [SQL]) async throws -> [QueryResult] {
    let sets = settings.map {
      "SET LOCAL \($0.name) = \($0.name == "search_path" ? $0.value : Quoting.literal($0.value))"
    }
    let script = (["BEGIN"] + sets + statements.map(\.text) + ["COMMIT"]).joined(separator: "\n;")
    do { return try await connection.script(script).dropLast() } catch {
      _ = try? await connection.script("ROLLBACK")
      throw error
    }
  }
}
