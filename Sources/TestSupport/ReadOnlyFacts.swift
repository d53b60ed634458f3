package import Catalog
import Engine
package import JSONText
package import PlanSchema
package import PluginAPI
package import PostgresClient
package import SQLText

/// Facts of a real database, read in one READ ONLY transaction as the engine reads them.
package struct ReadOnlyFacts: Facts {
  package let capabilities: Capabilities
  private let connection: Connection

  /// In whatever transaction the connection is.
  package init(_ connection: Connection) {
    capabilities = Capabilities(version: connection.serverVersion)
    self.connection = connection
  }

  /// A transaction for `body` alone.
  package static func with<Value: Sendable>(
    _ database: TestDatabase, role: String? = nil, _ body: @Sendable (ReadOnlyFacts) async throws -> Value
  ) async throws -> Value {
    try await database.withConnection { connection in
      do {
        _ = try await connection.script(
          """
          BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public, pg_temp;
          SET LOCAL TimeZone = 'UTC'; SET LOCAL plan_cache_mode = force_generic_plan
          """)
        if let role { _ = try await connection.query("SET LOCAL ROLE \(id: role)") }
        let value = try await body(ReadOnlyFacts(connection))
        _ = try await connection.query("ROLLBACK")
        return value
      } catch {
        _ = try? await connection.query("ROLLBACK")
        throw error
      }
    }
  }

  package func rows(_ query: SQL) async throws -> [Row] { try await connection.query(query).rows }
  package func repeatedRows(_ query: SQL) async throws -> [Row] { try await connection.preparedQuery(query).rows }

  package func file(_ path: String) async throws -> String { throw Unavailable() }
  package func records(in folder: String, ending suffix: String) async throws -> [String: String] {
    try RecordFolder(folder, under: ".").texts(ending: suffix)
  }
  package func program(_ arguments: [String]) async throws -> String { throw Unavailable() }
  package func admin(_ show: String, on console: Secret) async throws -> [Row] { throw Unavailable() }

  private struct Unavailable: Error {}
}

/// Compiles a step written as the value of `with:`.
package func compile<Kind: StepKind>(
  _ kind: Kind.Type, _ yaml: String, on database: TestDatabase = .current, role: String? = nil, phase: String? = nil,
  carry: JSON = .null
) async throws -> Program {
  let parameters = try Kind.Parameters.read(yaml: yaml, file: "plan.yaml")
  let step = Step(
    id: "step", parameters: parameters, phase: phase ?? Kind.phases[0], carry: carry, role: role, runTag: "r1_step")
  return try await ReadOnlyFacts.with(database, role: role) { try await Kind.compile(step, $0) }
}
