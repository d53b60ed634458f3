public import SQLText

extension CatalogSource {
  public func index(_ name: QualifiedName) async throws -> IndexFacts? {
    await consulted(name)
    return try await indexes("n.nspname = \(name.schema) AND c.relname = \(name.name)").first
  }

  /// Indexes of the table itself, not of its partitions, by name.
  public func indexes(on table: QualifiedName) async throws -> [IndexFacts] {
    await consulted(table)
    return try await indexes("tn.nspname = \(table.schema) AND t.relname = \(table.name)")
  }

  /// Indexes of every partition below a partitioned table, leaves and sub-partitioned ones.
  public func indexes(below table: RelationFacts) async throws -> [IndexFacts] {
    await consulted(table.name)
    return try await indexes(
      """
      t.oid <> \(table.oid)::int8::oid
        AND t.oid IN (SELECT pt.relid FROM pg_partition_tree(\(table.oid)::int8::oid::regclass) pt)
      """)
  }

  /// The indexes attached to a partitioned index, one level down.
  public func children(of index: IndexFacts) async throws -> [IndexFacts] {
    try await indexes("inh.inhparent = \(index.oid)::int8::oid")
  }

  private func indexes(_ filter: SQL) async throws -> [IndexFacts] {
    try await repeatedRows(IndexQuery.facts(where: filter)).map(IndexFacts.init(row:))
  }

  public func usage(of index: IndexFacts) async throws -> IndexUsage {
    await consulted(index.name)
    let lastScan: SQL = capabilities.recordsLastScan
      ? "extract(epoch FROM clock_timestamp() - max(s.last_idx_scan))" : "NULL::numeric"
    let found = try await repeatedRows(
      """
      SELECT coalesce(sum(s.idx_scan), 0)::int8 AS scans, \(sql: lastScan) AS last_scan_age,
        (SELECT extract(epoch FROM clock_timestamp() - coalesce(d.stats_reset, pg_postmaster_start_time()))
          FROM pg_stat_database d WHERE d.datname = current_database()) AS statistics_age
      FROM pg_stat_all_indexes s
      WHERE s.indexrelid = \(index.oid)::int8::oid OR s.indexrelid IN (
        SELECT t.relid FROM pg_partition_tree(\(index.oid)::int8::oid::regclass) t)
      """)
    guard let row = found.first else { return IndexUsage(scans: 0, statisticsAge: 0, lastScanAge: nil) }
    return IndexUsage(
      scans: try row.int64("scans"), statisticsAge: row["statistics_age"].flatMap(Double.init) ?? 0,
      lastScanAge: row["last_scan_age"].flatMap(Double.init))
  }
}
