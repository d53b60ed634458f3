import PluginAPI

/// The function and the triggers that leave a mark.
struct MarkTrigger {
  let view: QualifiedName

  private var key: String { ChangeMarks.key(view) }
  var function: QualifiedName { WatchedTables.function(key) }
  var trigger: String { WatchedTables.mark(key) }

  /// Whoever writes, it runs with its owner's rights. A second mark of the same transaction conflicts with the first
  /// alone, so nobody ever waits; a mark that a savepoint took back is made again.
  var functionStatements: [SQL] {
    let body = """
      BEGIN
        INSERT INTO \(ChangeMarks.table.quoted) (view) VALUES (\(Quoting.literal(key))) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END
      """
    return [
      """
      CREATE OR REPLACE FUNCTION \(id: function)() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS \(literal: body)
      """,
      "REVOKE ALL ON FUNCTION \(id: function)() FROM PUBLIC",
    ]
  }

  /// SHARE ROW EXCLUSIVE waits for the table's writers: whoever writes after the commit leaves a mark. `ALWAYS`: also
  /// for sessions that say `session_replication_role = replica`.
  func operation(on table: ReadTable, isOff: Bool) -> Operation {
    let events: SQL = table.kind == .foreignTable
      ? "INSERT OR UPDATE OR DELETE" : "INSERT OR UPDATE OR DELETE OR TRUNCATE"
    let create: SQL = """
      CREATE TRIGGER \(id: trigger) AFTER \(sql: events) ON \(id: table.name)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: function)()
      """
    let enable: SQL = "ALTER TABLE \(id: table.name) ENABLE ALWAYS TRIGGER \(id: trigger)"
    return .transaction(
      id: "mark:\(table.name)", title: "mark \(view) at each write to \(table.name)",
      (isOff ? [enable] : [create, enable]).map { TransactionStatement($0) },
      locks: [RelationLock(.shareRowExclusive, table.name)],
      undo: isOff ? .nothing : .operations([drop(from: table.name)]))
  }

  func drop(from table: QualifiedName) -> Operation {
    let there: SQL = """
      EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(\(literal: table.quoted))
        AND tgname = \(literal: trigger))
      """
    return .transaction(
      id: "unmark:\(table)", title: "no more marks from \(table)",
      [TransactionStatement("DROP TRIGGER \(id: trigger) ON \(id: table)")], unless: "SELECT NOT \(sql: there)",
      locks: [RelationLock(.accessExclusive, table)], undo: .nothing)
  }
}
