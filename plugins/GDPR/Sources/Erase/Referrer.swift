import PluginAPI

/// A foreign key seen from the table it refers to.
struct Referrer: Sendable, Hashable {
  enum OnDelete: String, Sendable {
    case noAction = "a", restrict = "r", cascade = "c", setNull = "n", setDefault = "d"

    /// As DDL spells it.
    var words: String {
      switch self {
      case .noAction: "NO ACTION"
      case .restrict: "RESTRICT"
      case .cascade: "CASCADE"
      case .setNull: "SET NULL"
      case .setDefault: "SET DEFAULT"
      }
    }
  }

  var key: ForeignKey
  var source: QualifiedName
  var onDelete: OnDelete
  var isNullable: Bool
  /// Some valid index of the source begins with its columns.
  var isIndexed: Bool

  /// As `references` of the step names it.
  var name: String {
    let column = key.columns.count == 1 ? key.columns[0] : key.name
    return "\(source).\(QualifiedName.readable(column))"
  }

  func isNamed(_ text: String) -> Bool {
    guard let wanted = ColumnName(parsing: text), wanted.table == source else { return false }
    return [wanted.column] == key.columns || wanted.column == key.name
  }

  /// Rows of the source, as `t`, that refer to rows of the target that meet a condition over `t`.
  func rows(where condition: SQL) -> SQL {
    let own = key.columns.map { "t.\(id: $0)" as SQL }.joined(separator: ", ")
    return """
      (\(sql: own)) IN (SELECT \(id: key.targetColumns) FROM \(id: key.target) AS t WHERE \(sql: condition))
      """
  }

  /// Every foreign key that refers to one of the tables, or to one that refers to them, and so on.
  static func all(to tables: [QualifiedName], _ facts: any Facts) async throws -> [Referrer] {
    try await facts.rows(query(tables)).compactMap { row in
      guard let onDelete = OnDelete(rawValue: try row.string("on_delete")) else { return nil }
      let key = ForeignKey(
        name: try row.string("name"), columns: try row.strings("columns"),
        target: QualifiedName(try row.string("target_schema"), try row.string("target_name")),
        targetColumns: try row.strings("target_columns"))
      return Referrer(
        key: key, source: QualifiedName(try row.string("schema"), try row.string("source")), onDelete: onDelete,
        isNullable: try row.bool("nullable"), isIndexed: try row.bool("indexed"))
    }
  }

  private static func query(_ tables: [QualifiedName]) -> SQL {
    """
    WITH RECURSIVE reach AS (
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (n.nspname::text, c.relname::text) IN (SELECT w.schema, w.name FROM (VALUES \(sql: SQL.names(tables))) AS w(schema, name))
      UNION
      SELECT k.conrelid FROM reach r JOIN pg_constraint k ON k.confrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0
    )
    SELECT k.conname AS name, k.confdeltype AS on_delete, sn.nspname AS schema, s.relname AS source,
      tn.nspname AS target_schema, t.relname AS target_name,
      ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place) AS columns,
      ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place) AS target_columns,
      NOT EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attnotnull) AS nullable,
      EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
        AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
    FROM reach r JOIN pg_constraint k ON k.confrelid = r.oid
    JOIN pg_class s ON s.oid = k.conrelid JOIN pg_namespace sn ON sn.oid = s.relnamespace
    JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
    ORDER BY sn.nspname, s.relname, k.conname
    """
  }
}
