public import PluginAPI

extension KeyLog {
  /// Before the first snapshot of a replay or a verification: the gate alone, and a source that stays what it is.
  public var replayEntry: [SQL] {
    ["LOCK TABLE ONLY \(id: copy) IN SHARE ROW EXCLUSIVE MODE", "LOCK TABLE \(id: source) IN ACCESS SHARE MODE"]
  }

  /// What a transaction with `replay` in it sets; `indexed`: the copy has the index of its pair, and keys are looked up
  /// instead of joined to whole tables.
  public func replaySettings(indexed: Bool) -> [Setting] {
    let methods = indexed ? ["enable_hashjoin", "enable_mergejoin", "enable_seqscan"] : []
    // A DROP TRIGGER IF EXISTS for each partition says once for each that there is none.
    let quiet = Setting("client_min_messages", "warning")
    return settings + [Setting(KeyLog.replaying, "on"), quiet] + methods.map { Setting($0, "off") }
  }

  /// One pass over the log, as one statement: one snapshot, under READ COMMITTED too. It takes pairs out of the log,
  /// deletes them from the copy and, after that, inserts the source's rows of exactly these pairs. Returns
  /// `(cursor jsonb, rows bigint)`: how many entries it took, and a cursor while there may be more.
  ///
  /// After a TRUNCATE every row of the source is in the log behind the marker: what only the copy has goes.
  /// That holds for one leaf's TRUNCATE, too.
  ///
  /// `limit`: SQL such as `$size`; the oldest entries, in their order, so that no marker is taken after what was logged
  /// behind it. Never with a limit when the copy has another unique index, or a narrower key than the pair: between two
  /// limited passes it is in a state that the source may never have had.
  ///
  /// `truncates`: false where no marker can be in the log; planning is half as long then, with many partitions.
  public func replay(limit: SQL? = nil, truncates: Bool = true) -> SQL {
    let emptied = """
      , emptied AS (
          DELETE FROM \(copy.quoted) AS d
          WHERE (SELECT bool_or(marker) FROM taken)
            AND NOT EXISTS (SELECT FROM \(source.quoted) AS s WHERE \(pair.matching("s", "d")))
          RETURNING 1
        )
      """
    let oldest = limit.map { "WHERE l.n IN (SELECT o.n FROM \(log.quoted) AS o ORDER BY o.n LIMIT \($0.text))" }
    let cursor = limit.map {
      "CASE WHEN (SELECT count(*) FROM taken) >= \($0.text)"
        + " THEN pg_catalog.jsonb_build_object('upto', (SELECT max(n) FROM taken)) END"
    }
    return SQL(
      verbatim: """
        WITH taken AS MATERIALIZED (
          DELETE FROM \(log.quoted) AS l \(oldest ?? "WHERE l.n IS NOT NULL")
          RETURNING l.n, \(pair.aliases.map { "l.\($0)" }.joined(separator: ", ")), l.marker
        ), pairs AS MATERIALIZED (
          SELECT DISTINCT \(pair.logged) FROM taken WHERE NOT marker
        ), removed AS (
          DELETE FROM \(copy.quoted) AS d USING pairs AS p WHERE \(pair.matching("d", logged: "p"))
          RETURNING 1
        )\(truncates ? emptied : ""), put AS (
          \(insertion)
          SELECT \(copied(from: "s")) FROM pairs AS p JOIN \(source.quoted) AS s ON \(pair.matching("s", logged: "p"))
          WHERE (SELECT count(*) FROM removed)\(truncates ? " + (SELECT count(*) FROM emptied)" : "") >= 0
          RETURNING 1
        ), noted AS (
          UPDATE \(state.quoted) AS t SET passed = c.taken, replayed = t.replayed + c.taken,
            emptied = t.emptied OR c.marked,
            written = CASE WHEN c.taken > 0 THEN pg_catalog.pg_current_xact_id()::text::bigint ELSE t.written END
          FROM (SELECT count(*) AS taken, COALESCE(bool_or(marker), false) AS marked FROM taken) AS c
        )
        SELECT \(cursor ?? "NULL::jsonb") AS cursor, (SELECT count(*) FROM taken) AS rows
        """)
  }

  /// Passes by themselves. `limited`: as many entries at a time as take about `target`, until one pass does not find as
  /// many; else one pass over the whole visible log.
  public func replayWork(limited: Bool, indexed: Bool, target: TimeSpan) -> ChunkedWork {
    ChunkedWork(
      entry: replayEntry, [replay(limit: limited ? "$size" : nil)], target: target,
      settings: replaySettings(indexed: indexed))
  }

  /// How many entries wait in the log.
  public var backlog: SQL { "SELECT count(*) AS backlog FROM \(id: log)" }

  /// Passes until fewer than `below` entries wait. Fails, saying so, when the backlog has not come below its smallest
  /// size for as many as `patience` passes: the application writes faster than can be replayed. Whoever goes on after
  /// that, in another session, counts from the beginning: the pass that fails is lost, and what waits has grown since.
  public func drainWork(
    below: Int, patience: Int = 20, limited: Bool, indexed: Bool = true, target: TimeSpan
  ) -> ChunkedWork {
    let what = "the log of changes of \(source) grows as fast as it is replayed: %s entries wait after %s passes"
    let next = "run it while the application writes less, or give it more time: a longer chunk, no throttle"
    let measure: SQL = """
      SELECT CASE
          WHEN d.waiting < \(sql: "\(below)") THEN NULL
          WHEN d.waiting >= d.least AND d.idle + 1 >= \(sql: "\(patience)") THEN \(id: stopFunction)(
            pg_catalog.format(\(literal: what), d.waiting, d.passes + 1), \(literal: next))
          ELSE pg_catalog.jsonb_build_object('passes', d.passes + 1, 'least', least(d.least, d.waiting),
            'idle', CASE WHEN d.waiting < d.least THEN 0 ELSE d.idle + 1 END, 'session', pg_catalog.pg_backend_pid())
        END AS cursor, d.rows
      FROM (
        SELECT (SELECT count(*) FROM \(id: log)) AS waiting, t.passed AS rows, (c.own->>'least')::bigint AS least,
          COALESCE((c.own->>'passes')::bigint, 0) AS passes, COALESCE((c.own->>'idle')::bigint, 0) AS idle
        FROM \(id: state) AS t,
          (SELECT CASE WHEN ($cursor->>'session')::int = pg_catalog.pg_backend_pid() THEN $cursor END AS own) AS c OFFSET 0
      ) d
      """
    return ChunkedWork(
      entry: replayEntry, [replay(limit: limited ? "$size" : nil), measure], target: target,
      settings: replaySettings(indexed: indexed))
  }
}
