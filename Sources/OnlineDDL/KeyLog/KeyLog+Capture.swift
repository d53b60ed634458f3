public import PluginAPI

extension KeyLog {
  /// What the names of all our triggers on tables of the user's begin with.
  public static let triggerPrefix = "caisson_"
  static let rowTrigger = triggerPrefix + "capture_row"
  static let truncateTrigger = triggerPrefix + "capture_truncate"

  /// Notes every change of the source from the commit of these statements on. SHARE ROW EXCLUSIVE on the table waits
  /// for its writers: whoever takes a snapshot afterwards misses nothing. `leaves`: all partitions, of all levels.
  ///
  /// `table`: the source, under the name that it has at that moment.
  public func capture(on table: QualifiedName, leaves: [QualifiedName] = []) -> [SQL] {
    let row = KeyLog.rowTrigger, truncate = KeyLog.truncateTrigger
    let rows: SQL = """
      CREATE TRIGGER \(id: row) AFTER INSERT OR UPDATE OR DELETE ON \(id: table)
      FOR EACH ROW EXECUTE FUNCTION \(id: captureFunction)()
      """
    // A row trigger is cloned to the leaves, enabled as usual; a statement trigger is not.
    return [rows]
      + ([table] + leaves).flatMap { part -> [SQL] in
        [
          """
          CREATE TRIGGER \(id: truncate) AFTER TRUNCATE ON \(id: part)
          FOR EACH STATEMENT EXECUTE FUNCTION \(id: captureFunction)()
          """,
          "ALTER TABLE \(id: part) ENABLE ALWAYS TRIGGER \(id: row), ENABLE ALWAYS TRIGGER \(id: truncate)",
        ]
      }
  }

  /// Takes ACCESS EXCLUSIVE on each table.
  public func dropCapture(from table: QualifiedName, leaves: [QualifiedName] = []) -> [SQL] {
    ["DROP TRIGGER IF EXISTS \(id: KeyLog.rowTrigger) ON \(id: table)"]
      + ([table] + leaves).map { "DROP TRIGGER IF EXISTS \(id: KeyLog.truncateTrigger) ON \(id: $0)" }
  }

  /// One text, to be read after `capture` has committed and given to whatever follows. `xmin` shows triggers that were
  /// switched off and on again between two looks.
  public var captureFingerprint: SQL { fingerprint(of: source) }

  /// The same for the source under another name.
  public func fingerprint(of table: QualifiedName) -> SQL {
    """
    SELECT pg_catalog.jsonb_build_object('table', c.oid::bigint,
      'columns', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attnum, a.attname::text, a.atttypid::bigint,
          a.atttypmod, a.attgenerated::text) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'triggers', (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(t.tgrelid::bigint, t.tgname::text, t.tgenabled::text,
          t.xmin::text) ORDER BY t.tgrelid, t.tgname)
        FROM pg_catalog.pg_trigger t
        WHERE t.tgname IN (\(literal: KeyLog.rowTrigger), \(literal: KeyLog.truncateTrigger))
          AND t.tgrelid IN (SELECT c.oid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p))
      )::text AS fingerprint
    FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(\(literal: table.quoted))
    """
  }
}

extension KeyLog {
  /// A statement that fails, saying what changed and what to do, when capture or the source's columns are no longer as
  /// they were when `fingerprint` was read. `further`: more cases `(condition, what, next)`, SQL that may use `$slice`.
  public func intact(_ fingerprint: String, of table: QualifiedName? = nil) -> SQL {
    intact(fingerprint, of: table ?? source, further: [])
  }

  func intact(_ fingerprint: String, of table: QualifiedName, further: [Change]) -> SQL {
    let again = "roll the step back and start it again"
    let changes =
      [
        Change(when: "f.now IS NULL", what: "\(table) is gone, or was given another name", next: again),
        Change(
          when: "f.now->'table' <> f.was->'table'", what: "\(table) is another table than the one that is copied",
          next: again),
        Change(
          when: "f.now->'triggers' IS DISTINCT FROM f.was->'triggers'",
          what: "the triggers that note changes of \(table) were dropped, switched off or changed since the copy began",
          next: "writes may have gone by unnoticed: \(again)"),
        Change(
          when: "f.now->'columns' <> f.was->'columns'", what: "the columns of \(table) changed since the copy began",
          next: "change them back as they were, or \(again)"),
      ] + further
    let cases = changes.enumerated().map { place, change in
      "(\(place), \(change.when), \(Quoting.literal(change.what)), \(Quoting.literal(change.next)))"
    }
    return """
      SELECT \(id: stopFunction)(c.what, c.next) FROM (
        SELECT c.what, c.next
        FROM (SELECT (\(sql: self.fingerprint(of: table)))::jsonb AS now, \(literal: fingerprint)::jsonb AS was) f
        CROSS JOIN LATERAL (VALUES
          \(sql: cases.joined(separator: ",\n    "))
        ) c (place, changed, what, next)
        WHERE c.changed ORDER BY c.place LIMIT 1
      ) c
      """
  }

  /// One way in which the source may be no longer what it was.
  struct Change {
    /// SQL over `f.now` and `f.was`.
    var when: String
    var what: String
    var next: String
  }
}
