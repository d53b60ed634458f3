public import PluginAPI

extension KeyLog {
  /// Custom setting that lets our own replay past the tripwire.
  static let replaying = "caisson.replay"
  static let tripwireTrigger = triggerPrefix + "moved"

  /// The function for `tripwire`; with `create`, or any time before.
  public var createTripwire: [SQL] {
    let body = """
      BEGIN
        IF pg_catalog.current_setting('\(KeyLog.replaying)', true) IS DISTINCT FROM 'on' THEN
          RAISE EXCEPTION 'the table has been replaced by another: run the transaction again'
            USING ERRCODE = '40001', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
        END IF;
        RETURN NULL;
      END
      """
    return [
      """
      CREATE FUNCTION \(id: tripwireFunction)() RETURNS trigger LANGUAGE plpgsql
      SET search_path = pg_catalog, pg_temp AS \(literal: body)
      """
    ]
  }

  /// Stops statements that still hold the OID of a table that has been replaced: it and each of its leaves.
  public func tripwire(on tables: [QualifiedName]) -> [SQL] {
    tables.flatMap { table -> [SQL] in
      [
        """
        CREATE TRIGGER \(id: KeyLog.tripwireTrigger) BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON \(id: table)
        FOR EACH STATEMENT EXECUTE FUNCTION \(id: tripwireFunction)()
        """,
        "ALTER TABLE \(id: table) ENABLE ALWAYS TRIGGER \(id: KeyLog.tripwireTrigger)",
      ]
    }
  }

  public func dropTripwire(from tables: [QualifiedName]) -> [SQL] {
    tables.map { "DROP TRIGGER IF EXISTS \(id: KeyLog.tripwireTrigger) ON \(id: $0)" }
  }
}
