import Catalog
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
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
    case .chunked(let work): try await chunks.run(work)
    case .observe(let work):
      for query in work.queries {
        let value = try await connection.query(query.sql).rows.first?[0]
        if query.expect == .isTrue { #expect(value == "t", "\(query.message ?? query.name)") }
      }
    default: Issue.record("\(operation.work.kind) is not for hands")
    }
  }

  /// For a test that comes in between.
  var chunks: ChunkHand { ChunkHand(connection: connection, size: size) }

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
