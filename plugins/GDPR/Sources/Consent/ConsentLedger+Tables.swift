import PluginAPI

extension ConsentLedger {
  /// Nothing here refers to the subject's table by a key: deleting a person deletes no evidence.
  var tables: [SQL] {
    [
      """
      CREATE TABLE \(id: purposes) (
        purpose text NOT NULL,
        policy_version text NOT NULL,
        text text NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (purpose, policy_version)
      )
      """,
      """
      CREATE TABLE \(id: subjects) (
        subject \(sql: type) PRIMARY KEY,
        token uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
        salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
      )
      """,
      """
      CREATE TABLE \(id: entries) (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject_token uuid NOT NULL,
        purpose text NOT NULL,
        policy_version text NOT NULL,
        action text NOT NULL CHECK (action IN ('grant', 'withdraw')),
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        evidence bytea CHECK (octet_length(evidence) = 32),
        erased_at timestamptz,
        CHECK (at <= recorded_at),
        FOREIGN KEY (purpose, policy_version) REFERENCES \(id: purposes)
      )
      """,
      "CREATE INDEX ON \(id: entries) (subject_token, purpose, at DESC, id DESC)",
      "CREATE INDEX ON \(id: entries) (purpose, policy_version)",
      "COMMENT ON TABLE \(id: entries) IS \(literal: comment)",
      "COMMENT ON TABLE \(id: subjects) IS \(literal: "Which token is whose: without its row an entry is nobody's")",
      "COMMENT ON COLUMN \(id: entries).evidence IS \(literal: "SHA-256 of the subject's salt and what proves the consent")",
      view,
    ]
  }

  /// The latest word for each person and purpose; who it was, as long as they are known.
  private var view: SQL {
    """
    CREATE VIEW \(id: current) AS
    SELECT DISTINCT ON (s.subject, e.subject_token, e.purpose) s.subject, e.subject_token, e.purpose, e.policy_version,
      e.action = 'grant' AS granted, e.at
    FROM \(id: entries) e LEFT JOIN \(id: subjects) s ON s.token = e.subject_token
    ORDER BY s.subject, e.subject_token, e.purpose, e.at DESC, e.id DESC
    """
  }

  /// Also under session_replication_role = replica.
  var triggers: [SQL] {
    let guarded: [(QualifiedName, String, String)] = [
      (entries, "append_only", "UPDATE OR DELETE"), (purposes, "append_only", "UPDATE"),
    ]
    return guarded.flatMap { table, name, events -> [SQL] in
      [
        """
        CREATE TRIGGER \(id: name) BEFORE \(sql: events) ON \(id: table)
        FOR EACH ROW EXECUTE FUNCTION \(id: guardian)()
        """,
        """
        CREATE TRIGGER \(id: name + "_truncate") BEFORE TRUNCATE ON \(id: table)
        FOR EACH STATEMENT EXECUTE FUNCTION \(id: guardian)()
        """,
        "ALTER TABLE \(id: table) ENABLE ALWAYS TRIGGER \(id: name)",
        "ALTER TABLE \(id: table) ENABLE ALWAYS TRIGGER \(id: name + "_truncate")",
      ]
    }
  }

  /// On the subject's table.
  var watching: [SQL] {
    [
      """
      CREATE TRIGGER \(id: trigger) AFTER DELETE ON \(id: subject)
      FOR EACH ROW EXECUTE FUNCTION \(id: gone)()
      """,
      """
      CREATE TRIGGER \(id: Quoting.fitted(trigger, suffix: "_all")) AFTER TRUNCATE ON \(id: subject)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: gone)()
      """,
    ]
  }

  var unwatching: [SQL] {
    [trigger, Quoting.fitted(trigger, suffix: "_all")].map { "DROP TRIGGER IF EXISTS \(id: $0) ON \(id: subject)" }
  }

  var removal: [SQL] {
    ["DROP VIEW \(id: current)", "DROP TABLE \(id: entries)", "DROP TABLE \(id: subjects)", "DROP TABLE \(id: purposes)"]
      + functions.map { "DROP FUNCTION \(id: $0.name)(\(sql: $0.arguments))" }
  }
}
