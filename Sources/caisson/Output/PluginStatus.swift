import BuiltinPlugins
import JSONText
import PluginAPI
import PostgresClient
import SQLText

/// The answer to one plugin's status query.
struct PluginStatus: Sendable {
  let name: String
  let lines: [String]
  let details: [JSON]

  /// Only what there is to say. A role that may not read a plugin's tables still sees the run.
  static func read(_ connection: Connection) async throws -> [PluginStatus] {
    var found: [PluginStatus] = []
    for query in StepRegistry.builtin.plugins.flatMap({ $0.status }) {
      guard try await exists(query, connection) else { continue }
      do {
        let rows = try await connection.query(query.sql).rows
        guard !rows.isEmpty else { continue }
        found.append(
          PluginStatus(
            name: query.name, lines: rows.map { $0["line"] ?? "\(query.name): one has a value that cannot be put in words" },
            details: try rows.map { try JSON(parsing: try $0.string("detail")) }))
      } catch let error as PostgresError where error.sqlState == "42501" {
        found.append(
          PluginStatus(name: query.name, lines: ["\(query.name): this role may not read them (42501)"], details: []))
      }
    }
    return found
  }

  private static func exists(_ query: StatusQuery, _ connection: Connection) async throws -> Bool {
    for relation in query.relations {
      let there = try await connection.query("SELECT to_regclass(\(literal: relation.quoted)) IS NOT NULL").value
      if there != "t" { return false }
    }
    return true
  }
}
