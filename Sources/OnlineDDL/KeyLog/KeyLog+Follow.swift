public import PluginAPI

/// A copy that is kept up with its source for days, by whoever comes by, while partitions of the source come and go.
extension KeyLog {
  var followFunction: QualifiedName { named("_follow") }

  /// The function behind `follow`; with `create`, or any time before.
  ///
  /// What the copy's own keys forbid is found by trying: one statement replays the whole log, so afterwards the copy is
  /// what the source was in one snapshot, and what is refused then, the source had.
  public var createFollow: [SQL] {
    let body = """
      DECLARE began timestamptz := pg_catalog.clock_timestamp(); upto jsonb;
      BEGIN
        BEGIN
          EXECUTE \(Quoting.literal(replay().text)) INTO upto, entries;
          SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION WHEN integrity_constraint_violation THEN
          GET STACKED DIAGNOSTICS conflict = CONSTRAINT_NAME;
          conflict := COALESCE(NULLIF(conflict, ''), 'SQLSTATE ' || SQLSTATE);
          entries := 0;
        END;
        milliseconds := extract(epoch FROM pg_catalog.clock_timestamp() - began) * 1000;
      END
      """
    return [
      """
      CREATE FUNCTION \(id: followFunction)(OUT entries bigint, OUT conflict text, OUT milliseconds double precision)
      LANGUAGE plpgsql AS \(literal: body)
      """,
      "REVOKE ALL ON FUNCTION \(id: followFunction)() FROM PUBLIC",
    ]
  }

  /// A relation of one row: how many entries a pass over the whole log took, the constraint of the copy's that forbids
  /// what the source has by now (then nothing was changed), and how long it took.
  public var follow: SQL { "\(id: followFunction)()" }

  /// One pass that fails where the copy cannot take what the source has, saying by which constraint.
  public func fitWork(next: String, target: TimeSpan) -> ChunkedWork {
    let what = "rows have come to \(source) that \(copy) cannot take: its constraint %s forbids them"
    return ChunkedWork(
      entry: replayEntry,
      [
        """
        SELECT CASE WHEN f.conflict IS NOT NULL THEN
            \(id: stopFunction)(pg_catalog.format(\(literal: what), f.conflict), \(literal: next)) END AS cursor,
          f.entries AS rows
        FROM \(sql: follow.text) AS f
        """
      ], target: target, settings: replaySettings(indexed: true))
  }

  /// A pass by itself; `noting`: CTEs that may read `pass`.
  public func followWork(noting: SQL, target: TimeSpan) -> ChunkedWork {
    ChunkedWork(
      entry: replayEntry,
      [
        """
        WITH pass AS MATERIALIZED (SELECT f.entries, f.conflict, f.milliseconds FROM \(sql: follow.text) AS f),
          noted AS (\(sql: noting.text))
        SELECT NULL::jsonb AS cursor, p.entries AS rows FROM pass AS p
        """
      ], target: target, settings: replaySettings(indexed: true))
  }
}

extension KeyLog {
  /// A partition that came since: a row trigger comes with it, not always enabled, and none for TRUNCATE. What it had
  /// before nobody has noted, so all of it is.
  public func takeIn(_ leaf: QualifiedName) -> [SQL] {
    let row = KeyLog.rowTrigger, truncate = KeyLog.truncateTrigger
    return [
      """
      CREATE OR REPLACE TRIGGER \(id: truncate) AFTER TRUNCATE ON \(id: leaf)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: captureFunction)()
      """,
      "ALTER TABLE \(id: leaf) ENABLE ALWAYS TRIGGER \(id: row), ENABLE ALWAYS TRIGGER \(id: truncate)",
      """
      INSERT INTO \(id: log) (\(sql: pair.logged)) SELECT \(sql: pair.list(of: "s")) FROM \(id: leaf) AS s
      """,
    ]
  }

  /// Rows may have gone with partitions: the next pass deletes what only the copy has.
  public var noteGone: SQL { "INSERT INTO \(id: log) (marker) VALUES (true)" }

  /// A partition that was detached keeps its trigger for TRUNCATE.
  public func letGo(_ table: QualifiedName) -> SQL {
    "DROP TRIGGER IF EXISTS \(id: KeyLog.truncateTrigger) ON \(id: table)"
  }

  /// Rows `(schema, name)`: tables that this log's triggers are still on, and that are no part of `table`.
  public func strays(beside table: QualifiedName) -> SQL {
    """
    SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE t.tgfoid = pg_catalog.to_regprocedure(\(literal: captureFunction.quoted + "()"))
      AND c.oid <> pg_catalog.to_regclass(\(literal: table.quoted))
      AND c.oid NOT IN (
        SELECT p.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(\(literal: table.quoted))) p)
    ORDER BY 1, 2
    """
  }

  /// What `fingerprint` says of the triggers that note changes, jsonb.
  public func armed(_ table: QualifiedName) -> SQL {
    "(SELECT (f.fingerprint::jsonb)->'triggers' FROM (\(sql: fingerprint(of: table).text)) AS f)"
  }
}
