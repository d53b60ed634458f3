public import PluginAPI

extension KeyLog {
  /// The way through the source.
  public enum CopyOrder: String, Sendable, Hashable, Codable, CaseIterable {
    case primaryKey = "primary_key"
    /// As it lies on disk: for keys in no order, of a source that is not partitioned.
    case blocks
  }

  /// Before a chunk's first snapshot: its place at the gate, and a source that nobody can empty or rewrite meanwhile.
  public var copyEntry: [SQL] {
    ["LOCK TABLE ONLY \(id: copy) IN ROW EXCLUSIVE MODE", "LOCK TABLE \(id: source) IN ACCESS SHARE MODE"]
  }

  /// Brings the old rows over, without locking any. What changes meanwhile is in the log.
  ///
  /// `keyed`: the copy has its primary key (the pair) already, and rows that a replay put there are left. Without
  /// it nothing may be replayed before the last chunk of all slices: rows would be there twice and in no log.
  public func copyWork(
    order: CopyOrder, fingerprint: String, keyed: Bool, target: TimeSpan, workers: Int = 1
  ) -> ChunkedWork {
    let conflict = keyed ? "\n  ON CONFLICT (\(pair.names)) DO NOTHING" : ""
    let statement: String
    var further: [Change] = []
    var settings = settings
    switch order {
    case .primaryKey:
      statement = keyChunk(conflict: conflict, sliced: workers > 1)
      settings += ["enable_seqscan", "enable_bitmapscan", "enable_sort"].map { Setting($0, "off") }
    case .blocks:
      statement = blockChunk(conflict: conflict)
      further = [rewritten]
    }
    return ChunkedWork(
      entry: copyEntry, [intact(fingerprint, of: source, further: further), SQL(verbatim: statement)],
      slices: order == .blocks ? blockSlices(workers) : workers > 1 ? keySlices(workers * 4) : nil, total: total,
      size: size(toBegin: target), target: target, workers: workers, settings: settings)
  }

  /// Rows of the first chunk of each slice: as many as take a small part of its time, unless they are very wide.
  func size(toBegin target: TimeSpan) -> Int { min(max(100, Int(target.milliseconds) * 20), 10_000) }

  /// The transaction that ends a slice is the last of it that wrote the copy.
  func noting(when condition: String) -> String {
    """
    UPDATE \(state.quoted) AS t
      SET written = greatest(t.written, pg_catalog.pg_current_xact_id()::text::bigint) WHERE \(condition)
    """
  }

  private func keyChunk(conflict: String, sliced: Bool) -> String {
    let after = sliced ? "COALESCE($cursor, NULLIF($slice->'after', 'null'::jsonb))" : "$cursor"
    let upto = sliced ? "NULLIF($slice->'upto', 'null'::jsonb)" : nil
    let range = key.range(of: "s", after: after, upto: upto)
    // The row that ends the chunk, or the last there is: the rows themselves then come in any order, none is counted.
    return """
      WITH edge AS MATERIALIZED (
        SELECT \(key.selected(from: "s")) FROM \(source.quoted) AS s WHERE \(range)
        ORDER BY \(key.list(of: "s")) LIMIT 1 OFFSET $size - 1
      ), bound AS MATERIALIZED (
        SELECT * FROM edge UNION ALL (
          SELECT \(key.selected(from: "s")) FROM \(source.quoted) AS s
          WHERE NOT EXISTS (SELECT FROM edge) AND \(range) ORDER BY \(key.descending(of: "s")) LIMIT 1)
      ), copied AS (
        \(insertion)
        SELECT \(copied(from: "s")) FROM \(source.quoted) AS s
        WHERE \(range) AND (\(key.list(of: "s"))) <= (SELECT \(key.logged) FROM bound)\(conflict)
      ), noted AS (
        \(noting(when: "NOT EXISTS (SELECT FROM edge)"))
      )
      SELECT (SELECT \(key.cursor(of: "e")) FROM edge AS e) AS cursor,
        CASE WHEN EXISTS (SELECT FROM edge) THEN $size
          ELSE (SELECT count(*) FROM \(source.quoted) AS s WHERE \(range)) END AS rows
      """
  }

  private var total: SQL {
    """
    SELECT sum(greatest(c.reltuples, 0))::bigint AS total FROM pg_catalog.pg_class c
    WHERE c.oid = pg_catalog.to_regclass(\(literal: source.quoted))
      OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(\(literal: source.quoted))) p
        WHERE p.isleaf)
    """
  }

  /// Ranges of about as many rows, by a sample; the first is open below and the last above, so no key falls between.
  private func keySlices(_ count: Int) -> SQL {
    let last = key.aliases.map { "\($0) DESC" }.joined(separator: ", ")
    return """
      WITH share AS (
        SELECT least(100, 30000.0 / greatest(1, COALESCE((SELECT sum(l.relpages)
            FROM pg_catalog.pg_partition_tree(c.oid) p
            JOIN pg_catalog.pg_class l ON l.oid = p.relid WHERE p.isleaf), c.relpages)))::float8 AS percent
        FROM pg_catalog.pg_class c WHERE c.oid = \(literal: source.quoted)::regclass
      ), sample AS (
        SELECT \(sql: key.selected(from: "s")),
          ntile(\(sql: "\(count)")) OVER (ORDER BY \(sql: key.list(of: "s"))) AS part
        FROM \(id: source) AS s TABLESAMPLE SYSTEM ((SELECT percent FROM share))
      ), bound AS (
        SELECT DISTINCT ON (part) part, \(sql: key.cursor(of: "sample")) AS upto FROM sample
        WHERE part < \(sql: "\(count)") ORDER BY part, \(sql: last)
      )
      SELECT pg_catalog.jsonb_build_object('after', lag(upto) OVER (ORDER BY part), 'upto', upto) AS slice,
        (\(sql: total)) / \(sql: "\(count)") AS total
      FROM (SELECT part, upto FROM bound UNION ALL SELECT \(sql: "\(count)"), NULL) b ORDER BY part
      """
  }
}
