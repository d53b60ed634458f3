package import PluginAPI

/// What stands against detaching or dropping a partition.
package struct DetachObstacles {
  private let table: PartitionedTable
  private let facts: any Facts

  package init(table: PartitionedTable, facts: any Facts) {
    self.table = table
    self.facts = facts
  }

  /// Foreign keys that point to the partitioned table.
  package struct Reference: Sendable, Hashable {
    package var constraint: String
    package var from: QualifiedName
    package var columns: [String]
    package var keys: [String]
  }

  package func references() async throws -> [Reference] {
    try await facts.rows(
      """
      SELECT k.conname AS name, n.nspname AS schema, t.relname AS table_name,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c(n, o)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.n ORDER BY c.o) AS columns,
        ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS c(n, o)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.n ORDER BY c.o) AS keys
      FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE k.contype = 'f' AND k.confrelid = \(table.facts.oid)::int8::oid AND k.conparentid = 0 ORDER BY 2, 3, 1
      """
    ).map { row in
      Reference(
        constraint: try row.string("name"), from: QualifiedName(try row.string("schema"), try row.string("table_name")),
        columns: try row.strings("columns"), keys: try row.strings("keys"))
    }
  }

  /// The first that keeps the partition, as a sentence; PostgreSQL would say 23503.
  func reference(into partition: ExistingPartition, of references: [Reference]) async throws -> String? {
    for reference in references {
      let pairs = zip(reference.columns, reference.keys).map { "r.\(id: $0) = l.\(id: $1)" as SQL }
      let refused = try await facts.attempt(
        """
        SELECT 1 / (CASE WHEN EXISTS (SELECT FROM \(reference.from.quoted) r JOIN \(partition.name.quoted) l
          ON \(pairs.joined(separator: " AND ").text)) THEN 0 ELSE 1 END)
        """, timeout: "20s")
      guard let refused else { continue }
      if refused.sqlState == "22012" {
        return "rows of \(reference.from) point into \(partition.name) by foreign key \(reference.constraint)"
      }
      return "whether rows of \(reference.from) point into \(partition.name) by foreign key \(reference.constraint)"
        + " could not be found out (\(refused.sqlState))"
    }
    return nil
  }

  /// What a DROP TABLE would fail over with 2BP01.
  func dependents(of partition: ExistingPartition) async throws -> [String] {
    try await facts.rows(
      """
      SELECT DISTINCT pg_describe_object(coalesce(nullif(d.classid, 'pg_rewrite'::regclass), 'pg_class'::regclass),
        coalesce(r.ev_class, d.objid), 0) AS what
      FROM pg_depend d
      LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = \(partition.oid)::int8::oid AND d.deptype = 'n'
        AND (r.ev_class <> d.refobjid OR d.classid = 'pg_proc'::regclass
          OR k.contype = 'f' AND k.confrelid = d.refobjid AND k.conrelid <> d.refobjid AND k.conparentid = 0)
      ORDER BY 1
      """
    ).map { try $0.string("what") }
  }
}
