import BuiltinPlugins
import Digest
import Engine
import JSONText
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

/// Two databases and one plan: staging proves, production, the test's own database, asks for it.
struct Stages {
  let staging: EngineHarness
  let production: EngineHarness

  static let steps = """
      one: { uses: sql.run, with: { up: CREATE TABLE one (), down: DROP TABLE one, verify: "SELECT to_regclass('one') IS NOT NULL" } }
      two: { uses: sql.run, needs: [one], with: { up: CREATE TABLE two (), down: DROP TABLE two } }
    """

  /// `requires`: what stands there beside environment and from.
  static func with(
    _ requires: String = "", staging: String = "", production: String = "", productionSteps: String? = nil,
    _ body: (Stages) async throws -> Void
  ) async throws {
    try await TestDatabase.with { other in
      let first = try EngineHarness(steps, registry: .builtin, database: other, environment: staging)
      var second = try EngineHarness(
        productionSteps ?? steps, registry: .builtin, named: "production",
        environment: "requires: { environment: staging, from: service=staging\(requires) }\n\(production)")
      second.evidence = other.target
      try await body(Stages(staging: first, production: second))
    }
  }

  /// The gate that keeps production waiting; `nil`: it succeeded.
  func closed(again: Bool = false, _ location: SourceLocation = #_sourceLocation) async throws -> ClosedGate? {
    let ending = try await production.runner().apply(again: again).ending
    switch ending {
    case .waiting(let gates): return gates.first
    case .succeeded: return nil
    default:
      Issue.record("\(ending)", sourceLocation: location)
      return nil
    }
  }

  func made(_ table: String) async throws -> Bool {
    try await production.database.sql("SELECT to_regclass(\(table)) IS NOT NULL").value == "t"
  }
}
