import PluginAPI

/// Copying a table as it lies on disk, up to the size that it has at the beginning: what comes onto later pages is in
/// the log.
extension KeyLog {
  /// All rows of the source came after a TRUNCATE, so all of them are in the log or were replayed.
  private var isEmptied: String {
    "(EXISTS (SELECT FROM \(log.quoted) l WHERE l.marker) OR (SELECT t.emptied FROM \(state.quoted) t))"
  }

  private var isSameFile: String {
    "pg_catalog.pg_relation_filenode(\(Quoting.literal(source.quoted))::regclass) = ($slice->>'file')::bigint"
  }

  /// A rewrite moves rows without a trigger's knowing; a partitioned table has no file at all.
  var rewritten: Change {
    Change(
      when: "(\(isSameFile)) IS NOT TRUE AND NOT \(isEmptied)",
      what: "\(source) was rewritten (VACUUM FULL, CLUSTER, ALTER TABLE) while it was copied block by block",
      next: "roll the step back and start it again, or copy in the order of the primary key")
  }

  /// A row that moves to a later page is met twice: its pair is in the log, or was and the copy has it.
  func blockChunk(conflict: String) -> String {
    let from = "COALESCE(($cursor->>'block')::bigint, ($slice->>'from')::bigint)"
    let step = "greatest(1, $size / ($slice->>'rows')::bigint)"
    let upto = "least(\(from) + \(step), ($slice->>'upto')::bigint)"
    return """
      WITH copied AS (
        \(insertion)
        SELECT \(copied(from: "s")) FROM \(source.quoted) AS s
        WHERE s.ctid >= ('(' || \(from) || ',0)')::tid AND s.ctid < ('(' || \(upto) || ',0)')::tid
          AND \(isSameFile)\(conflict)
        RETURNING 1
      ), further AS (
        SELECT \(upto) AS block WHERE \(upto) < ($slice->>'upto')::bigint AND \(isSameFile)
      ), noted AS (
        \(noting(when: "NOT EXISTS (SELECT FROM further)"))
      )
      SELECT (SELECT pg_catalog.jsonb_build_object('block', f.block) FROM further AS f) AS cursor,
        (SELECT count(*) FROM copied) AS rows
      """
  }

  /// Each with the file that its blocks are of, and how many rows a block has about.
  func blockSlices(_ workers: Int) -> SQL {
    """
    WITH file AS (
      SELECT c.oid, pg_catalog.pg_relation_filenode(c.oid)::bigint AS file, greatest(c.reltuples, 0)::bigint AS tuples,
        pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint AS blocks,
        CASE WHEN c.relpages > 0 AND c.reltuples > 0 THEN ceil(c.reltuples / c.relpages)::bigint ELSE 50 END AS rows
      FROM pg_catalog.pg_class c WHERE c.oid = \(literal: source.quoted)::regclass
    ), parts AS (
      SELECT f.*, greatest(1, least(\(sql: "\(workers > 1 ? workers * 4 : 1)"), f.blocks)) AS parts FROM file f
    )
    SELECT pg_catalog.jsonb_build_object('from', p.blocks * (i - 1) / p.parts, 'upto', p.blocks * i / p.parts,
        'file', p.file, 'rows', p.rows) AS slice, p.tuples / p.parts AS total
    FROM parts p, pg_catalog.generate_series(1, p.parts) i ORDER BY i
    """
  }
}
