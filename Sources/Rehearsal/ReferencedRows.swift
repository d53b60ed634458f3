import Engine
import PostgresClient
import SQLText

/// The rows that copied rows refer to and that are not there yet, key by key, until nothing is missing.
struct ReferencedRows {
  let sample: RowSample
  let tables: [QualifiedName: RowSample.Table]

  private struct Key {
    let child: QualifiedName
    let parent: QualifiedName
    let columns: [String]
    let referenced: [String]
    let types: [String]
  }

  private static let batch = 2_000

  func bring() async throws -> Int {
    let keys = try await keys()
    var rows = 0
    // Each round brings rows that may refer to others in their turn.
    for _ in 0..<200 {
      var brought = 0
      for key in keys { brought += try await bring(key) }
      if brought == 0 { return rows }
      rows += brought
    }
    throw EngineError(
      .refused, "the sample cannot be made consistent: rows refer to rows without end",
      hint: "rehearse with a larger --sample, or with 100%")
  }

  private func keys() async throws -> [Key] {
    try await sample.source.query(
      """
      SELECT cn.nspname AS child_schema, cc.relname AS child, pn.nspname AS parent_schema, pc.relname AS parent,
        (SELECT array_agg(a.attname ORDER BY u.ord) FROM unnest(k.conkey) WITH ORDINALITY u(num, ord)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
        (SELECT array_agg(a.attname ORDER BY u.ord) FROM unnest(k.confkey) WITH ORDINALITY u(num, ord)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS referenced,
        (SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY u.ord) FROM unnest(k.confkey) WITH ORDINALITY u(num, ord)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS types
      FROM pg_constraint k JOIN pg_class cc ON cc.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = cc.relnamespace
        JOIN pg_class pc ON pc.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
      WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid
      """
    ).rows.map { row in
      Key(
        child: QualifiedName(try row.string("child_schema"), try row.string("child")),
        parent: QualifiedName(try row.string("parent_schema"), try row.string("parent")),
        columns: try row.strings("columns"), referenced: try row.strings("referenced"), types: try row.strings("types"))
    }
  }

  private func bring(_ key: Key) async throws -> Int {
    var rows = 0
    while true {
      let wanted = try await missing(key)
      guard !wanted.isEmpty else { return rows }
      let brought = try await fetch(wanted, key)
      rows += brought
      // What the target has not either: a key that is not validated there is not validated here.
      if brought < wanted.count { return rows }
    }
  }

  /// Keys that have no row, as text, a list for each.
  private func missing(_ key: Key) async throws -> [[String]] {
    let pairs = zip(key.columns, key.referenced).map { child, parent -> SQL in "p.\(id: parent) = c.\(id: child)" }
    let present = key.columns.map { name -> SQL in "c.\(id: name) IS NOT NULL" }
    let values = key.columns.map { name -> SQL in "c.\(id: name)::text" }
    return try await sample.clone.query(
      """
      SELECT DISTINCT \(sql: values.joined(separator: ", ")) FROM \(id: key.child) c
      WHERE \(sql: present.joined(separator: " AND "))
        AND NOT EXISTS (SELECT FROM \(id: key.parent) p WHERE \(sql: pairs.joined(separator: " AND ")))
      LIMIT \(sql: String(Self.batch))
      """
    ).rows.map { $0.values.compactMap { $0 } }
  }

  /// COPY binds no values: the keys stand in its text, quoted.
  private func fetch(_ wanted: [[String]], _ key: Key) async throws -> Int {
    let lists = wanted.map { row -> SQL in
      let values = zip(row, key.types).map { value, type -> SQL in "\(literal: value)::\(sql: type)" }
      return "(\(sql: values.joined(separator: ", ")))"
    }
    let names = key.referenced.map { name -> SQL in "r.\(id: name)" }
    // A partitioned parent's rows are in its leaves; each row is brought into its own.
    var rows = 0
    for table in try await leaves(of: key.parent) {
      let columns = table.columns.map { name -> SQL in "r.\(id: name)" }
      rows += try await sample.bring(
        """
        SELECT \(sql: columns.joined(separator: ", ")) FROM ONLY \(id: table.name) r
        WHERE (\(sql: names.joined(separator: ", "))) IN (VALUES \(sql: lists.joined(separator: ", ")))
        """, into: table)
    }
    return rows
  }

  private func leaves(of parent: QualifiedName) async throws -> [RowSample.Table] {
    if let table = tables[parent] { return [table] }
    let names = try await sample.source.query(
      """
      SELECT n.nspname, c.relname FROM pg_partition_tree((quote_ident(\(parent.schema)) || '.' || quote_ident(\(parent.name)))::regclass) t
      JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.isleaf
      """).rows
    return try names.compactMap { tables[QualifiedName(try $0.string("nspname"), try $0.string("relname"))] }
  }
}
