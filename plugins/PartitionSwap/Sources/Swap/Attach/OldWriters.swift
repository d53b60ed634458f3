import OnlineDDL
import PluginAPI

/// After rows were moved between tables: a REPEATABLE READ transaction with a snapshot from before does not see them, and
/// would change nothing where there is something. It is told to run again (40001) until there is none any more.
struct OldWriters {
  let table: QualifiedName
  /// Begins the names of what lies in schema caisson.
  let name: String

  private static let trigger = KeyLog.triggerPrefix + "old_writers"

  /// One row, as old as the moved ones: whoever sees it sees them.
  private var mark: QualifiedName { QualifiedName("caisson", Quoting.fitted(name, suffix: "_moved")) }
  private var function: QualifiedName { QualifiedName("caisson", Quoting.fitted(name, suffix: "_young")) }

  /// In the transaction that moves them.
  var stop: [SQL] {
    let body = """
      BEGIN
        IF NOT EXISTS (SELECT FROM \(mark.quoted)) THEN
          RAISE EXCEPTION 'rows were moved since the transaction began: run it again' USING ERRCODE = '40001';
        END IF;
        RETURN NULL;
      END
      """
    return [
      "CREATE TABLE \(id: mark) (one boolean)", "INSERT INTO \(id: mark) VALUES (true)",
      """
      CREATE FUNCTION \(id: function)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp AS \(literal: body)
      """,
      "REVOKE ALL ON FUNCTION \(id: function) FROM PUBLIC",
      """
      CREATE TRIGGER \(id: Self.trigger) BEFORE UPDATE OR DELETE ON \(id: table)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: function)()
      """,
      "ALTER TABLE \(id: table) ENABLE ALWAYS TRIGGER \(id: Self.trigger)",
    ]
  }

  /// What is left when the table with the trigger is gone.
  var forget: [SQL] { ["DROP FUNCTION IF EXISTS \(id: function)()", "DROP TABLE IF EXISTS \(id: mark)"] }

  /// Nobody is stopped any more.
  var lift: [SQL] { ["DROP TRIGGER IF EXISTS \(id: Self.trigger) ON \(id: table)"] + forget }

  /// When the last of them is over.
  func release(deadline: TimeSpan) -> [Operation] {
    let old: SQL = """
      SELECT count(*) = 0 AS ok, 'older than the moved rows: pid ' || string_agg(a.pid::text, ', ' ORDER BY a.pid) AS why
      FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND age(a.backend_xmin) >= (SELECT age(m.xmin) FROM \(id: mark) AS m)
      """
    return [
      .wait(
        id: "old-writers", title: "wait for transactions that are older than the moved rows", until: old,
        deadline: deadline, every: .milliseconds(100)),
      .transaction(
        id: "old-writers-drop", title: "let every transaction write \(table) again",
        lift.map { TransactionStatement($0) },
        locks: [RelationLock(.accessExclusive, table), RelationLock(.accessExclusive, mark)], undo: .nothing),
    ]
  }
}
