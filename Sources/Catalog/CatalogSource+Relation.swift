public import SQLText

extension CatalogSource {
  /// `nil`: no relation has that name.
  public func relation(_ name: QualifiedName) async throws -> RelationFacts? {
    await consulted(name)
    guard let row = try await repeatedRows(RelationQuery.relation(name)).first else { return nil }
    guard let kind = RelationKind(rawValue: try row.string("relkind")) else { return nil }
    let oid = try row.int64("oid")
    let estimate = try row.double("rows")
    return RelationFacts(
      oid: oid, name: name, kind: kind, owner: try row.string("owner"), persistence: try row.string("persistence"),
      rows: estimate < 0 ? nil : estimate, bytes: try row.int64("bytes"), columns: try await columns(of: oid),
      updates: try row.int64("updates"), hotUpdates: try row.int64("hot_updates"),
      parent: QualifiedName(row["parent_schema"], row["parent_name"]),
      partitioning: kind == .partitionedTable ? try await partitioning(of: oid) : nil)
  }

  private func columns(of oid: Int64) async throws -> [ColumnFacts] {
    try await repeatedRows(RelationQuery.columns(oid)).map { row in
      ColumnFacts(
        number: try row.int("number"), name: try row.string("name"), type: try row.string("type"),
        notNull: try row.bool("not_null"),
        collation: QualifiedName(row["collation_schema"], row["collation_name"]),
        correlation: row["correlation"].flatMap(Double.init), distinct: row["n_distinct"].flatMap(Double.init),
        averageWidth: row["avg_width"].flatMap(Int.init), statisticsTarget: try row.int("statistics_target"))
    }
  }

  private func partitioning(of oid: Int64) async throws -> Partitioning? {
    guard let key = try await repeatedRows(RelationQuery.partitionKey(oid)).first else { return nil }
    var tree = PartitionTree()
    for row in try await repeatedRows(RelationQuery.partitions(oid)) { try tree.add(row) }
    return Partitioning(
      strategy: try key.string("strategy"), columns: try key.strings("columns"),
      hasExpression: try key.bool("has_expression"), partitions: tree.children(of: oid))
  }
}

/// Rows of `pg_partition_tree`, put together again.
private struct PartitionTree {
  private var byParent: [Int64: [Partition]] = [:]

  mutating func add(_ row: Row) throws {
    let partition = Partition(
      oid: try row.int64("oid"), name: QualifiedName(try row.string("schema"), try row.string("name")),
      kind: RelationKind(rawValue: try row.string("relkind")) ?? .table, isDefault: try row.bool("is_default"),
      bytes: try row.int64("bytes"), partitions: [])
    byParent[try row.int64("parent"), default: []].append(partition)
  }

  func children(of oid: Int64) -> [Partition] {
    (byParent[oid] ?? []).map { child in
      var child = child
      child.partitions = children(of: child.oid)
      return child
    }
  }
}

extension QualifiedName {
  /// From two nullable columns of a row.
  init?(_ schema: String?, _ name: String?) {
    guard let schema, let name else { return nil }
    self.init(schema, name)
  }
}

private enum RelationQuery {
  static func relation(_ name: QualifiedName) -> SQL {
    """
    SELECT c.oid::int8 AS oid, c.relkind, pg_get_userbyid(c.relowner) AS owner, c.relpersistence AS persistence,
      sums.rows, sums.bytes, sums.updates, sums.hot_updates, pn.nspname AS parent_schema, p.relname AS parent_name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
    LEFT JOIN pg_class p ON p.oid = i.inhparent
    LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
    CROSS JOIN LATERAL (
      SELECT CASE WHEN c.relkind = 'p' THEN coalesce(sum(greatest(m.reltuples, 0)) FILTER (WHERE m.relkind <> 'p'), 0)
          ELSE max(m.reltuples) END AS rows,
        coalesce(sum(pg_table_size(m.oid)) FILTER (WHERE m.relkind IN ('r', 'm')), 0)::int8 AS bytes,
        coalesce(sum(pg_stat_get_tuples_updated(m.oid)), 0)::int8 AS updates,
        coalesce(sum(pg_stat_get_tuples_hot_updated(m.oid)), 0)::int8 AS hot_updates
      FROM pg_class m
      WHERE m.oid = c.oid OR c.relkind = 'p' AND m.oid IN (SELECT t.relid FROM pg_partition_tree(c.oid) t)) AS sums
    WHERE n.nspname = \(name.schema) AND c.relname = \(name.name)
    """
  }

  static func columns(_ oid: Int64) -> SQL {
    """
    SELECT a.attnum AS number, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
      a.attnotnull AS not_null, cn.nspname AS collation_schema, cl.collname AS collation_name,
      s.correlation, s.n_distinct, s.avg_width, coalesce(a.attstattarget, -1) AS statistics_target
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_collation cl ON cl.oid = a.attcollation
    LEFT JOIN pg_namespace cn ON cn.oid = cl.collnamespace
    LEFT JOIN LATERAL (
      SELECT (array_agg(st.correlation ORDER BY abs(st.correlation)))[1] AS correlation,
        (array_agg(st.n_distinct ORDER BY st.tablename = c.relname DESC, st.inherited DESC))[1] AS n_distinct,
        max(st.avg_width) AS avg_width
      FROM pg_stats st
      WHERE st.attname = a.attname AND (st.schemaname, st.tablename) IN (
        SELECT n.nspname, c.relname WHERE c.relkind <> 'p'
        UNION ALL
        SELECT ln.nspname, l.relname FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
        JOIN pg_namespace ln ON ln.oid = l.relnamespace WHERE t.isleaf AND c.relkind = 'p')) AS s ON true
    WHERE a.attrelid = \(oid)::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
    """
  }

  static func partitionKey(_ oid: Int64) -> SQL {
    """
    SELECT CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' ELSE 'hash' END AS strategy,
      0 = ANY (p.partattrs::int2[]) AS has_expression,
      ARRAY(SELECT a.attname::text FROM unnest(p.partattrs::int2[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.number AND k.number > 0
        ORDER BY k.place) AS columns
    FROM pg_partitioned_table p WHERE p.partrelid = \(oid)::int8::oid
    """
  }

  static func partitions(_ oid: Int64) -> SQL {
    """
    SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind, t.parentrelid::oid::int8 AS parent,
      coalesce(pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', false) AS is_default,
      CASE WHEN c.relkind = 'r' THEN pg_table_size(c.oid) ELSE 0 END AS bytes
    FROM pg_partition_tree(\(oid)::int8::oid::regclass) t
    JOIN pg_class c ON c.oid = t.relid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.level > 0
    ORDER BY t.level, n.nspname, c.relname
    """
  }
}
