package import PluginAPI

/// Estimates from a sample of the table's blocks: how much there is to do, and where to cut it.
package struct KeySample {
  let table: BatchTable
  let key: Keyset

  package init(table: BatchTable, key: Keyset) {
    self.table = table
    self.key = key
  }

  private var alias: String { Quoting.identifier(table.name.name) }

  /// A few hundred blocks, whatever the size of the table.
  private var share: String {
    """
    "caisson_share" AS (
      SELECT least(100, 30000.0 / greatest(1, COALESCE((SELECT sum(l.relpages)
          FROM pg_catalog.pg_partition_tree(c.oid) p
          JOIN pg_catalog.pg_class l ON l.oid = p.relid WHERE p.isleaf), c.relpages)))::float8 AS percent
      FROM pg_catalog.pg_class c WHERE c.oid = \(Quoting.literal(table.name.quoted))::regclass
    )
    """
  }

  private var sampled: String {
    "\(table.source) AS \(alias) TABLESAMPLE SYSTEM ((SELECT percent FROM \"caisson_share\"))"
  }

  package func total(_ condition: String?) -> SQL {
    SQL(
      verbatim: """
        WITH \(share)
        SELECT (count(*) * 100 / (SELECT percent FROM "caisson_share"))::bigint AS "total"
        FROM \(sampled)\(condition.map { " WHERE " + $0 } ?? "")
        """)
  }

  /// Ranges of about as many keys; the first is open below, the last above.
  package func slices(_ count: Int) -> SQL {
    SQL(
      verbatim: """
        WITH \(share), "caisson_sample" AS (
          SELECT \(key.selected(from: table.name.name)),
            ntile(\(count)) OVER (ORDER BY \(key.list(of: table.name.name))) AS part
          FROM \(sampled)
        ), "caisson_bound" AS (
          SELECT DISTINCT ON (part) part, \(key.cursor) AS upto FROM "caisson_sample" WHERE part < \(count)
          ORDER BY part, \(key.aliases.map { Quoting.identifier($0) + " DESC" }.joined(separator: ", "))
        )
        SELECT jsonb_build_object('after', lag(upto) OVER (ORDER BY part), 'upto', upto) AS "slice",
          (SELECT greatest(0, c.reltuples)::bigint / \(count) FROM pg_catalog.pg_class c
            WHERE c.oid = \(Quoting.literal(table.name.quoted))::regclass) AS "total"
        FROM (SELECT part, upto FROM "caisson_bound" UNION ALL SELECT \(count), NULL) b ORDER BY part
        """)
  }
}
