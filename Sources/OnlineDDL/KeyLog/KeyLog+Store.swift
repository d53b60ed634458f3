public import PluginAPI

extension KeyLog {
  /// The log, its state and its functions: one transaction, before `capture`.
  public var create: [SQL] {
    [
      """
      CREATE TABLE \(id: log) (
        n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        \(sql: pairColumns),
        marker boolean NOT NULL DEFAULT false
      )
      """,
      "COMMENT ON TABLE \(id: log) IS \(literal: "Keys of rows of \(source) that changed and are not yet in \(copy).")",
      """
      CREATE TABLE \(id: state) (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        written bigint,
        emptied boolean NOT NULL DEFAULT false,
        passed bigint NOT NULL DEFAULT 0,
        replayed bigint NOT NULL DEFAULT 0,
        recopied bigint NOT NULL DEFAULT 0
      )
      """,
      "INSERT INTO \(id: state) DEFAULT VALUES",
      captureDefinition, "REVOKE ALL ON FUNCTION \(id: captureFunction) FROM PUBLIC",
      stopDefinition, "REVOKE ALL ON FUNCTION \(id: stopFunction) FROM PUBLIC",
    ]
  }

  /// Everything `create`, the tripwire and `createFollow` made; their triggers are gone by then, or it fails.
  public var drop: [SQL] {
    [
      "DROP FUNCTION IF EXISTS \(id: captureFunction)()",
      "DROP FUNCTION IF EXISTS \(id: tripwireFunction)()",
      "DROP FUNCTION IF EXISTS \(id: followFunction)()",
      "DROP FUNCTION IF EXISTS \(id: stopFunction)(text, text)",
      "DROP TABLE IF EXISTS \(id: log)",
      "DROP TABLE IF EXISTS \(id: state)",
    ]
  }

  private var pairColumns: String {
    zip(pair.columns, pair.aliases).map { column, alias in
      "\(alias) \(column.type)" + (column.collation.map { " COLLATE \($0.quoted)" } ?? "")
    }.joined(separator: ",\n  ")
  }

  /// Whatever counts as equal for the key's type, pairs that differ in a single bit are both noted.
  private var captureDefinition: SQL {
    let pair = pair
    let note = "INSERT INTO \(log.quoted) (\(pair.logged)) VALUES"
    let body = """
      BEGIN
        IF pg_catalog.current_setting('\(KeyLog.replaying)', true) = 'on' THEN
          RETURN NULL;
        END IF;
        IF TG_OP = 'TRUNCATE' THEN
          INSERT INTO \(log.quoted) (marker) VALUES (true);
          RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
          \(note) (\(pair.list(of: "OLD")));
        END IF;
        IF TG_OP = 'INSERT'
          OR TG_OP = 'UPDATE' AND ROW(\(pair.list(of: "NEW")))::record *<> ROW(\(pair.list(of: "OLD")))::record THEN
          \(note) (\(pair.list(of: "NEW")));
        END IF;
        RETURN NULL;
      END
      """
    return """
      CREATE FUNCTION \(id: captureFunction)() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS \(literal: body)
      """
  }

  /// Raises from within a query, where no expectation of the engine's reaches.
  private var stopDefinition: SQL {
    let body = "BEGIN RAISE EXCEPTION '%', what USING ERRCODE = '55000', HINT = next; END"
    return """
      CREATE FUNCTION \(id: stopFunction)(what text, next text) RETURNS jsonb LANGUAGE plpgsql PARALLEL RESTRICTED
      SET search_path = pg_catalog, pg_temp AS \(literal: body)
      """
  }
}
