public import PluginAPI

extension KeyLog {
  public enum Comparison: String, Sendable, Hashable, Codable, CaseIterable {
    /// Count and an order-independent hash of the copied columns.
    case hash
    case count
  }

  /// Compares both sides by ranges of the primary key, each in one snapshot out of which the whole log was replayed
  /// before: nothing has to be left out. A range that differs is copied again and looked at again; a third time it
  /// fails. The copy has the index of its pair. Errors name ranges by their number, never by their keys.
  public func verifyWork(_ comparison: Comparison, target: TimeSpan, size: Int = 10_000) -> ChunkedWork {
    ChunkedWork(
      entry: replayEntry, [replay(), SQL(verbatim: compare(comparison))], isolation: .repeatableRead, total: nil,
      size: size, target: target, settings: replaySettings(indexed: true))
  }

  /// The cursor holds the range to look at: each chunk also finds where the next one ends, so bounds are known when
  /// a chunk is planned. The first chunk does only that.
  private func compare(_ comparison: Comparison) -> String {
    let after = "NULLIF($cursor->'after', 'null'::jsonb)", upto = "NULLIF($cursor->'upto', 'null'::jsonb)"
    func inside(_ alias: String) -> String {
      "$cursor IS NOT NULL AND " + key.range(of: alias, after: after, upto: upto)
    }
    func side(_ table: QualifiedName) -> String {
      "SELECT count(*) AS rows, \(sum(comparison)) AS hash FROM \(table.quoted) AS s WHERE \(inside("s"))"
    }
    let what = "range %s of \(copy) differs from \(source) a third time, after it was copied again twice"
    let next = "something else writes \(copy), or the triggers that note changes were off: roll the step back"
    return """
      WITH verdict AS MATERIALIZED (
        SELECT a.rows, (a.rows, a.hash) IS DISTINCT FROM (b.rows, b.hash) AS differs
        FROM (\(side(source))) AS a, (\(side(copy))) AS b
      ), removed AS (
        DELETE FROM \(copy.quoted) AS d WHERE (SELECT differs FROM verdict) AND \(inside("d"))
        RETURNING 1
      ), put AS (
        \(insertion)
        SELECT \(copied(from: "s")) FROM \(source.quoted) AS s
        WHERE (SELECT differs AND (SELECT count(*) FROM removed) >= 0 FROM verdict) AND \(inside("s"))
        RETURNING 1
      ), noted AS (
        UPDATE \(state.quoted) AS t SET recopied = t.recopied + 1,
          written = pg_catalog.pg_current_xact_id()::text::bigint
        WHERE (SELECT differs FROM verdict)
      ), edge AS MATERIALIZED (
        SELECT \(key.selected(from: "s")) FROM \(source.quoted) AS s
        WHERE ($cursor IS NULL OR \(upto) IS NOT NULL) AND \(key.range(of: "s", after: upto, upto: nil))
        ORDER BY \(key.list(of: "s")) LIMIT 1 OFFSET $size - 1
      )
      SELECT CASE
          WHEN NOT v.differs AND $cursor IS NOT NULL AND \(upto) IS NULL THEN NULL
          WHEN NOT v.differs THEN pg_catalog.jsonb_build_object('after', \(upto),
            'upto', (SELECT \(key.cursor(of: "e")) FROM edge AS e),
            'range', COALESCE(($cursor->>'range')::bigint, 0) + 1, 'differed', 0)
          WHEN ($cursor->>'differed')::int >= 2 THEN \(stopFunction.quoted)(
            pg_catalog.format(\(Quoting.literal(what)), $cursor->>'range'), \(Quoting.literal(next)))
          ELSE $cursor || pg_catalog.jsonb_build_object('differed', ($cursor->>'differed')::int + 1)
        END AS cursor, v.rows
      FROM verdict AS v
      """
  }

  private func sum(_ comparison: Comparison) -> String {
    switch comparison {
    case .count: "NULL::numeric"
    case .hash where hashesRecords: "sum(pg_catalog.hash_record_extended(ROW(\(copied(from: "s"))), 0))"
    case .hash:
      "sum(pg_catalog.hashtextextended(ROW(\(copied(from: "s")))::text COLLATE \"C\", 0))"
    }
  }
}

extension KeyLog {
  /// A query that fails where a type among the columns cannot be hashed.
  public static func hashing(_ types: [String]) -> String {
    let values = types.map { "NULL::\($0)" }.joined(separator: ", ")
    return "SELECT pg_catalog.hash_record_extended(ROW(\(values)), 0)"
  }
}
