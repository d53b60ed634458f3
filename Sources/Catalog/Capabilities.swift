/// What differs between PostgreSQL 15 and 18 and matters to a migration. One value per connection; code asks it and never compares versions.
public struct Capabilities: Sendable, Hashable, Codable {
  /// `server_version_num`, for example 150020.
  public var version: Int
  /// Behind a transaction pooler: nothing that needs a session works.
  public var pooled: Bool

  public init(version: Int, pooled: Bool = false) {
    self.version = version
    self.pooled = pooled
  }

  public var major: Int { version / 10_000 }

  /// Index builds, ANALYZE and REFRESH run with search_path `pg_catalog, pg_temp` (release notes 17).
  public var restrictsMaintenanceSearchPath: Bool { major >= 17 }
  /// Foreign keys and CHECK constraints can be NOT ENFORCED (release notes 18).
  public var hasUnenforcedConstraints: Bool { major >= 18 }
  /// `transaction_timeout` exists (release notes 17).
  public var hasTransactionTimeout: Bool { major >= 17 }
  /// NOT NULL constraints are rows of pg_constraint (release notes 18).
  public var namesNotNullConstraints: Bool { major >= 18 }
  /// `ANALYZE ONLY` of a partitioned table leaves its partitions alone (release notes 18).
  public var analyzesParentsAlone: Bool { major >= 18 }
  /// `pg_stat_all_indexes.last_idx_scan` exists (release notes 16).
  public var recordsLastScan: Bool { major >= 16 }
}
