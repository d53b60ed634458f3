import PluginAPI

/// Marks that say a view's tables have changed: written by triggers, consumed by the refresh that takes them in.
///
/// A mark is a row of its own, one per writing transaction, so that writers never wait for each other. A refresh deletes
/// the marks it sees and then reads the tables with a snapshot that is not older: what commits in between leaves its
/// mark, and the next refresh takes it in. A refresh that is killed leaves them all.
enum ChangeMarks {
  static let table = QualifiedName("caisson", "matview_mark")

  /// Harmless when it is there, also when two steps make it at once.
  static var create: SQL { StalenessStore.create }

  /// Keys of the views whose tables leave marks: one row each, written by `matview.trigger`.
  static func watched(_ facts: any Facts) async throws -> Set<String> {
    guard try await facts.rows("SELECT to_regclass(\(StalenessStore.watch.quoted)) IS NOT NULL").first?[0] == "t" else { return [] }
    return Set(try await facts.rows("SELECT view FROM \(id: StalenessStore.watch)").compactMap { $0[0] })
  }

  /// What stands in `view`: `"schema"."name"`, always quoted.
  static func key(_ view: QualifiedName) -> String { view.quoted }

  /// A boolean expression: something has changed since the last refresh began.
  static func exist(for view: QualifiedName) -> SQL {
    "EXISTS (SELECT FROM \(id: table) WHERE view = \(literal: key(view)))"
  }

  /// Before the refresh, in its transaction: what is seen now, the refresh sees too. Views on top of it are marked: they
  /// have changed when it commits.
  static func consume(for view: QualifiedName) -> SQL {
    """
    WITH seen AS (DELETE FROM \(id: table) WHERE view = \(literal: key(view))),
    passed AS (
      INSERT INTO \(id: table) (view) SELECT w.view FROM \(id: StalenessStore.watch) w
      WHERE to_regclass(\(literal: view.quoted))::oid = ANY (w.tables) ON CONFLICT DO NOTHING)
    UPDATE \(id: StalenessStore.watch) SET shape = \(sql: WatchedTables.shape("tables", key(view)))
    WHERE view = \(literal: key(view))
    """
  }
}
