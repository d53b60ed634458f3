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
  ///
  /// `workers`: the server's processes that read one range together, as far as its `max_parallel_workers` has some left.
  public func verifyWork(
    _ comparison: Comparison, target: TimeSpan, workers: Int = 1, size: Int? = nil
  ) -> ChunkedWork {
    ChunkedWork(
      entry: replayEntry, [replay(), SQL(verbatim: mend), SQL(verbatim: compare(comparison))], isolation: .repeatableRead,
      total: nil, size: size ?? self.size(toBegin: target), target: target,
      settings: replaySettings(indexed: true) + [Setting("max_parallel_workers_per_gather", "\(workers - 1)")])
  }

  /// The cursor holds the range to look at: each chunk also finds where the next one ends, so bounds are known when
  /// a chunk is planned. The first chunk does only that.
  private var range: (after: String, upto: String) {
    ("NULLIF($cursor->'after', 'null'::jsonb)", "NULLIF($cursor->'upto', 'null'::jsonb)")
  }

  private func inside(_ alias: String) -> String {
    "$cursor IS NOT NULL AND " + key.range(of: alias, after: range.after, upto: range.upto)
  }

  /// Copies the range again when the last look at it found a difference.
  private var mend: String {
    let differed = "COALESCE(($cursor->>'differed')::int, 0) > 0"
    return """
      WITH removed AS (
        DELETE FROM \(copy.quoted) AS d WHERE \(differed) AND \(inside("d"))
        RETURNING 1
      ), put AS (
        \(insertion)
        SELECT \(copied(from: "s")) FROM \(source.quoted) AS s
        WHERE \(differed) AND (SELECT count(*) FROM removed) >= 0 AND \(inside("s"))
        RETURNING 1
      )
      UPDATE \(state.quoted) AS t SET recopied = t.recopied + 1,
        written = pg_catalog.pg_current_xact_id()::text::bigint
      WHERE \(differed)
      """
  }

  /// Reads alone, so that the server may read with several processes: beside a change it never does (PostgreSQL
  /// documentation, "When Can Parallel Query Be Used?").
  private func compare(_ comparison: Comparison) -> String {
    func side(_ table: QualifiedName, isSource: Bool) -> String {
      "SELECT \(isSource) AS original, \(hash(comparison)) AS hash FROM \(table.quoted) AS s WHERE \(inside("s"))"
    }
    func sums(_ filter: String) -> String { "count(*) FILTER (WHERE \(filter)), sum(y.hash) FILTER (WHERE \(filter))" }
    let what = "range %s of \(copy) differs from \(source) a third time, after it was copied again twice"
    let next = "something else writes \(copy), or the triggers that note changes were off: roll the step back"
    return """
      WITH edge AS MATERIALIZED (
        SELECT \(key.selected(from: "s")) FROM \(source.quoted) AS s
        WHERE ($cursor IS NULL OR \(range.upto) IS NOT NULL) AND \(key.range(of: "s", after: range.upto, upto: nil))
        ORDER BY \(key.list(of: "s")) LIMIT 1 OFFSET $size - 1
      )
      SELECT CASE
          WHEN NOT v.differs AND $cursor IS NOT NULL AND \(range.upto) IS NULL THEN NULL
          WHEN NOT v.differs THEN pg_catalog.jsonb_build_object('after', \(range.upto),
            'upto', (SELECT \(key.cursor(of: "e")) FROM edge AS e),
            'range', COALESCE(($cursor->>'range')::bigint, 0) + 1, 'differed', 0)
          WHEN ($cursor->>'differed')::int >= 2 THEN \(stopFunction.quoted)(
            pg_catalog.format(\(Quoting.literal(what)), $cursor->>'range'), \(Quoting.literal(next)))
          ELSE $cursor || pg_catalog.jsonb_build_object('differed', ($cursor->>'differed')::int + 1)
        END AS cursor, v.rows
      FROM (
        SELECT count(*) FILTER (WHERE y.original) AS rows,
          (\(sums("y.original"))) IS DISTINCT FROM (\(sums("NOT y.original"))) AS differs
        FROM (\(side(source, isSource: true)) UNION ALL \(side(copy, isSource: false))) AS y
      ) AS v
      """
  }

  private func hash(_ comparison: Comparison) -> String {
    switch comparison {
    case .count: "NULL::bigint"
    case .hash where hashesRecords: "pg_catalog.hash_record_extended(ROW(\(copied(from: "s"))), 0)"
    case .hash: "pg_catalog.hashtextextended(ROW(\(copied(from: "s")))::text COLLATE \"C\", 0)"
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
