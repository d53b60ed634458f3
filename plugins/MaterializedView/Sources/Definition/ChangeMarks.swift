import PluginAPI

/// Marks that say a view's tables have changed: written by triggers, consumed by the refresh that takes them in.
///
/// A mark is a row of its own, so that writers never wait for each other. A refresh deletes the marks it sees and then
/// reads the tables with a snapshot that is not older: what commits in between leaves its mark, and the next refresh
/// takes it in.
enum ChangeMarks {
  static let table = QualifiedName("caisson", "matview_mark")

  /// Harmless when it is there, also when two steps make it at once.
  static var create: SQL {
    OwnTable.make(
      table,
      """
      CREATE TABLE IF NOT EXISTS \(id: table) (
        n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        view text NOT NULL,
        marked_at timestamptz NOT NULL DEFAULT now()
      )
      """)
  }

  static func isThere(_ facts: any Facts) async throws -> Bool {
    try await facts.rows("SELECT to_regclass(\(table.quoted)) IS NOT NULL").first?[0] == "t"
  }

  /// Keys of the views whose tables leave marks: one row each, written by `matview.trigger`.
  static let watch = QualifiedName("caisson", "matview_watch")

  static func watched(_ facts: any Facts) async throws -> Set<String> {
    guard try await facts.rows("SELECT to_regclass(\(watch.quoted)) IS NOT NULL").first?[0] == "t" else { return [] }
    return Set(try await facts.rows("SELECT view FROM \(id: watch)").compactMap { $0[0] })
  }

  /// What stands in `view`: `"schema"."name"`, always quoted.
  static func key(_ view: QualifiedName) -> String { view.quoted }

  /// A boolean expression: something has changed since the last refresh began.
  static func exist(for view: QualifiedName) -> SQL {
    "EXISTS (SELECT FROM \(id: table) WHERE view = \(literal: key(view)))"
  }

  /// Before the refresh, in its transaction.
  static func consume(for view: QualifiedName) -> SQL {
    "DELETE FROM \(id: table) WHERE view = \(literal: key(view))"
  }
}

/// Tables in schema `caisson` that outlive the run.
enum OwnTable {
  /// Two steps may come at the same moment: who loses finds the winner's table.
  static func make(_ name: QualifiedName, _ statement: SQL) -> SQL {
    let body = "BEGIN \(statement.text); EXCEPTION WHEN duplicate_table OR unique_violation THEN NULL; END"
    return "DO LANGUAGE plpgsql \(literal: body)"
  }
}
