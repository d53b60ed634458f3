import PluginAPI

/// The tables that carry marks for one view: those it was told to watch, with everything that inherits from them.
enum WatchedTables {
  /// The same name on every table, and for the function in schema `caisson`.
  static func mark(_ view: String) -> String { Quoting.fitted("matview_mark " + view) }

  static func function(_ view: String) -> QualifiedName { QualifiedName("caisson", mark(view)) }

  /// Rows `(oid)` of the tree below `tables`, an expression of type oid[]. A refreshed view marks what watches it by
  /// itself, and a partitioned table's partitions are written to by their own names too.
  static func tree(_ tables: SQL) -> SQL {
    """
    WITH RECURSIVE tree(oid) AS (
      SELECT unnest(\(sql: tables)) UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON t.oid = i.inhparent)
    SELECT t.oid, c.relkind FROM tree t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.oid
    """
  }

  /// One text that changes when a table comes or goes, or a trigger is dropped, or switched off, also if it is on again
  /// by now: each is a time in which writes left no mark.
  static func shape(_ tables: SQL, _ view: String) -> SQL {
    """
    (SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws(' ', t.oid, t.relkind, g.oid, g.xmin, g.tgenabled),
      ',' ORDER BY t.oid, g.oid))
    FROM (\(sql: tree(tables))) t
    LEFT JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid AND g.tgname = \(literal: mark(view)))
    """
  }

  /// How many tables of the tree leave no marks now.
  static func gaps(_ tables: SQL, _ view: String) -> SQL {
    """
    (SELECT count(*) FROM (\(sql: tree(tables))) t
    WHERE t.relkind IS NULL OR t.relkind <> 'm' AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_trigger g
      WHERE g.tgrelid = t.oid AND g.tgname = \(literal: mark(view)) AND g.tgenabled = 'A'))
    """
  }
}
