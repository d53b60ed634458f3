package import SQLText

/// What the catalog knows about a relation, as far as rules ask. Every member may be unknown.
package struct KnownRelation: Sendable {
  package var rows: Int64?
  package var bytes: Int64?
  /// Type of each column as `format_type` prints it.
  package var columnTypes: [String: String] = [:]
  /// `pg_stats.correlation` by column.
  package var correlation: [String: Double] = [:]
  /// Columns that a validated constraint proves to be NOT NULL.
  package var provenNotNull: Set<String> = []
  /// It has a validated CHECK constraint.
  package var hasCheck = false
  /// What hangs on it, ready to be printed: views, foreign keys, functions.
  package var dependents: [String] = []

  package init(rows: Int64? = nil, bytes: Int64? = nil) {
    self.rows = rows
    self.bytes = bytes
  }
}

/// Where the SQL will run; every rule works without knowing.
package struct LintContext: Sendable {
  /// `server_version_num`.
  package var serverVersion: Int?
  /// Behind a transaction pooler.
  package var pooled: Bool
  /// Whoever runs the statements sets `lock_timeout` around them.
  package var pinsLockTimeout: Bool
  /// A table of at least so many rows is big.
  package var bigTable: Int64
  package var relation: @Sendable (QualifiedName) -> KnownRelation?

  package init(
    serverVersion: Int? = nil, pooled: Bool = false, pinsLockTimeout: Bool = false, bigTable: Int64 = 100_000,
    relation: @escaping @Sendable (QualifiedName) -> KnownRelation? = { _ in nil }
  ) {
    self.serverVersion = serverVersion
    self.pooled = pooled
    self.pinsLockTimeout = pinsLockTimeout
    self.bigTable = bigTable
    self.relation = relation
  }

  /// `, 12 million rows` for a message, empty when unknown.
  func size(of name: QualifiedName?) -> String {
    guard let rows = name.flatMap(relation)?.rows else { return "" }
    return rows >= 1_000_000 ? " (\(rows / 1_000_000) million rows)" : " (\(rows) rows)"
  }

  func isBig(_ name: QualifiedName) -> Bool { relation(name)?.rows.map { $0 >= bigTable } ?? false }
}
