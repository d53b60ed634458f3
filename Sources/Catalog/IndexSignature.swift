public import SQLText

/// The shape of an index as one line of text, computed alike by the server for an existing index and here for a wanted
/// one: method, uniqueness, keys with their operator classes, collations and order, INCLUDE, storage parameters,
/// whether there is a predicate. The text of expressions and predicates is not in it: their comparison is the
/// planner's (`CatalogSource.areEqual`).
public enum IndexSignature {
  /// An expression over `pg_index i`, `pg_class c` (the index) and `pg_am am`.
  public static let sql: SQL = """
    concat_ws(' ', am.amname, CASE WHEN i.indisunique THEN 'unique' END,
      CASE WHEN i.indnullsnotdistinct THEN 'nulls_not_distinct' END,
      (SELECT '(' || string_agg(concat_ws(' ', coalesce('"' || sa.attname || '"', '<expression>'),
          (SELECT son.nspname FROM pg_namespace son WHERE son.oid = so.opcnamespace) || '.' || so.opcname,
          '[' || array_to_string(sia.attoptions, ',') || ']',
          CASE WHEN sa.attname IS NOT NULL
            THEN (SELECT scn.nspname FROM pg_namespace scn WHERE scn.oid = sc.collnamespace) || '.' || sc.collname END,
          CASE WHEN i.indoption[sk - 1] & 1 <> 0 THEN 'desc' END,
          CASE WHEN i.indoption[sk - 1] & 2 <> 0 THEN 'nulls_first' END), ', ' ORDER BY sk) || ')'
        FROM generate_series(1, i.indnkeyatts) AS sk
        JOIN pg_attribute sia ON sia.attrelid = i.indexrelid AND sia.attnum = sk
        JOIN pg_opclass so ON so.oid = i.indclass[sk - 1]
        LEFT JOIN pg_attribute sa ON sa.attrelid = i.indrelid AND sa.attnum = i.indkey[sk - 1] AND sa.attnum <> 0
        LEFT JOIN pg_collation sc ON sc.oid = i.indcollation[sk - 1]),
      (SELECT 'include (' || string_agg('"' || sa.attname || '"', ', ' ORDER BY sk) || ')'
        FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS sk
        JOIN pg_attribute sa ON sa.attrelid = i.indrelid AND sa.attnum = i.indkey[sk - 1]),
      (SELECT 'with (' || string_agg(so, ', ' ORDER BY so COLLATE "C") || ')' FROM unnest(c.reloptions) AS so),
      CASE WHEN i.indpred IS NOT NULL THEN 'where' END)
    """

  /// Over the same: names of every column it reads, sorted. What the index depends on names the columns that
  /// expressions and predicate read as well.
  public static let columns: SQL = """
    ARRAY(SELECT u.attname::text FROM pg_attribute u
      WHERE u.attrelid = i.indrelid AND u.attnum > 0 AND (
        u.attnum = ANY (i.indkey::int2[]) OR EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = i.indrelid AND d.refobjsubid = u.attnum))
      ORDER BY u.attname::text COLLATE "C")
    """

  /// The same line for an index that does not exist yet; `options` as `name=value`.
  public static func text(
    method: String, isUnique: Bool, nullsNotDistinct: Bool, keys: [IndexKey], include: [String], options: [String],
    hasPredicate: Bool
  ) -> String {
    var parts = [method]
    if isUnique { parts.append("unique") }
    if nullsNotDistinct { parts.append("nulls_not_distinct") }
    parts.append("(" + keys.map(text).joined(separator: ", ") + ")")
    if !include.isEmpty { parts.append("include (" + include.map(marked).joined(separator: ", ") + ")") }
    if !options.isEmpty {
      let sorted = options.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      parts.append("with (" + sorted.joined(separator: ", ") + ")")
    }
    if hasPredicate { parts.append("where") }
    return parts.joined(separator: " ")
  }

  private static func text(_ key: IndexKey) -> String {
    var parts = [key.column.map(marked) ?? "<expression>"]
    if let name = key.operatorClass { parts.append(name.schema + "." + name.name) }
    if !key.operatorClassOptions.isEmpty { parts.append("[" + key.operatorClassOptions.joined(separator: ",") + "]") }
    if key.column != nil, let name = key.collation { parts.append(name.schema + "." + name.name) }
    if key.isDescending { parts.append("desc") }
    if key.nullsFirst { parts.append("nulls_first") }
    return parts.joined(separator: " ")
  }

  private static func marked(_ name: String) -> String { "\"" + name + "\"" }
}
