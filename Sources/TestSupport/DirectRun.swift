package import PluginAPI
package import PostgresClient
import SQLText

/// Runs operations of a program one after the other on one connection: no journal, no retries. It shows what the
/// statements do; the engine's own behaviour has its own tests.
package struct DirectRun {
  let connection: Connection

  package init(_ connection: Connection) { self.connection = connection }

  package func run(_ operations: [Operation]) async throws {
    for operation in operations { try await run(operation) }
  }

  /// In reverse order, as a rollback does.
  package func undo(_ operations: [Operation]) async throws {
    for operation in operations.reversed() {
      if case .operations(let undo) = operation.undo { try await run(undo) }
    }
  }

  private func run(_ operation: Operation) async throws {
    if let unless = operation.unless, try await connection.query(unless).value == "t" { return }
    switch operation.work {
    case .transaction(let work):
      _ = try await connection.query("BEGIN")
      do {
        for lock in work.entry { _ = try await connection.query(lock) }
        try await apply(work.settings, local: true)
        for statement in work.statements { _ = try await connection.query(statement.sql) }
        _ = try await connection.query("COMMIT")
      } catch {
        _ = try? await connection.query("ROLLBACK")
        throw error
      }
    case .autocommit(let work):
      try await apply(work.settings, local: false)
      _ = try await connection.query(work.statement)
      _ = try await connection.query("RESET ALL")
    case .observe(let work):
      for query in work.queries {
        let result = try await connection.query(query.sql)
        if query.expect == .isTrue, result.value != "t" { throw Unmet(message: query.message ?? query.name) }
      }
    case .parallel(let work): try await run(work.members)
    case .chunked, .file, .process, .export, .admin, .bracket: throw Unmet(message: "\(operation.work.kind) is not run here")
    }
  }

  private func apply(_ settings: [Setting], local: Bool) async throws {
    for setting in settings {
      _ = try await connection.query("SELECT set_config(\(setting.name), \(setting.value), \(local))")
    }
  }

  package struct Unmet: Error { package let message: String }
}
