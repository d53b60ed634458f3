package import JSONText
package import SQLText

/// A resolved plan as the journal keeps it; hashes in hexadecimal.
package struct PlanRecord: Sendable, Hashable {
  package let hash: String
  package let releaseHash: String
  package let name: String
  package let environment: String
  package let canonical: Int
  package let resolved: JSON
  package let engineVersion: String
  package let createdAt: String

  static let columns: SQL = """
    encode(plan_hash, 'hex') AS plan_hash, encode(release_hash, 'hex') AS release_hash, name, environment, canonical,
    resolved, engine_version, created_at
    """

  package init(_ row: Row) throws {
    hash = try row.string("plan_hash")
    releaseHash = try row.string("release_hash")
    name = try row.string("name")
    environment = try row.string("environment")
    canonical = try row.int("canonical")
    resolved = try row.json("resolved")
    engineVersion = try row.string("engine_version")
    createdAt = try row.string("created_at")
  }
}
