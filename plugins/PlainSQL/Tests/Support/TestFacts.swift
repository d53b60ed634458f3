import Catalog
import JSONText
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText
import Testing
import YAMLTree

/// Facts of a real server, one READ ONLY transaction per question.
struct LiveFacts: Facts {
  let connection: Connection
  var capabilities = Capabilities(version: 150_000)
  var files: [String: String] = [:]

  func rows(_ query: SQL) async throws -> [Row] {
    try await connection.query(query).rows
  }
  func file(_ path: String) async throws -> String { try #require(files[path]) }
  func program(_ arguments: [String]) async throws -> String { "" }
  func admin(_ show: String, on console: Secret) async throws -> [Row] { [] }

  /// Compiles within one READ ONLY transaction, as the engine does.
  func compile<Kind: StepKind>(_ kind: Kind.Type, _ yaml: String) async throws -> Program {
    _ = try await connection.script(
      "BEGIN READ ONLY; SET LOCAL search_path = public, pg_temp; SET LOCAL row_security = off")
    do {
      let program = try await Kind.compile(step(kind, yaml), self)
      _ = try await connection.script("ROLLBACK")
      return program
    } catch {
      _ = try? await connection.script("ROLLBACK")
      throw error
    }
  }
}

/// Facts that must not be asked: whoever compiles needs no server.
struct NoServer: Facts {
  var capabilities = Capabilities(version: 150_000)

  func rows(_ query: SQL) async throws -> [Row] {
    Issue.record("the server was asked: \(query)")
    return []
  }
  func file(_ path: String) async throws -> String {
    Issue.record("a file was asked for")
    return ""
  }
  func program(_ arguments: [String]) async throws -> String { "" }
  func admin(_ show: String, on console: Secret) async throws -> [Row] { [] }
}

func step<Kind: StepKind>(_ kind: Kind.Type, _ yaml: String) throws -> Step<Kind.Parameters> {
  Step(
    id: "step", parameters: try Kind.Parameters.read(yaml: yaml), phase: Kind.phases[0], carry: .null, role: nil,
    runTag: "r1_step")
}
