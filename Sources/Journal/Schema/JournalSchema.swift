package import SQLText

/// The schema `caisson`: its version, its definition, and who is told to upgrade what.
package enum JournalSchema {
  /// What this engine writes.
  package static let version = 1
  /// The oldest engine that may write into a journal of `version`.
  static let minWriter = 1

  /// The whole definition, in order. It runs in one transaction.
  package static let definition = [
    workTables, holdingTables, historyTables, scheduleTables, measureTables, chainFunctions, gateFunctions,
    revocationFunctions, claimFunctions, measureFunctions, rideFunctions, workFunctions, finishFunctions, undoFunctions,
    amendFunctions, runFunctions, scheduleFunctions, checkFunctions,
    movingFunctions, pruningFunctions,
  ].joined(separator: "\n")

  /// Where this cluster's history stands; behind a promotion it is another one.
  static let timeline: SQL = """
    CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
    """

  /// Which journal this is; the chain of events starts from its id.
  package static func firstRows(target: String) -> [SQL] {
    [
      """
      INSERT INTO caisson.meta (schema_version, min_writer, system_id, database_oid, timeline, target_name)
      SELECT \(version), \(minWriter), c.system_identifier::text, d.oid, \(sql: timeline), \(target)
      FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
      """,
      "INSERT INTO caisson.seal (hash) SELECT sha256(convert_to(journal_id::text, 'UTF8')) FROM caisson.meta",
      """
      INSERT INTO caisson.event (kind, actor, data)
      SELECT 'journal.installed', 'caisson', jsonb_build_object('target', m.target_name, 'version', m.schema_version)
      FROM caisson.meta m
      """,
    ]
  }
}
