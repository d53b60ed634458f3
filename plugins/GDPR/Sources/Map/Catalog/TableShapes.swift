import JSONText
import PluginAPI

/// Reads the tables of a map, and every table from which foreign keys lead to the subject, in three queries.
struct TableShapes: Sendable {
  private(set) var byName: [QualifiedName: TableShape] = [:]

  init(subject: QualifiedName, named: [QualifiedName], _ facts: any Facts) async throws {
    let wanted = SQL.names([subject] + named)
    for name in [subject] + named { await facts.consulted(name) }
    let tables = try await facts.rows(TableShapes.tables(subject, wanted))
    let oids = try tables.map { try $0.int64("oid") }
    let columns = Dictionary(grouping: try await facts.rows(TableShapes.columns(oids))) { $0["oid"] ?? "" }
    let references = Dictionary(grouping: try await facts.rows(TableShapes.references(oids))) { $0["oid"] ?? "" }
    for row in tables {
      guard let kind = RelationKind(rawValue: try row.string("relkind")) else { continue }
      let name = QualifiedName(try row.string("schema"), try row.string("name"))
      let oid = try row.string("oid")
      byName[name] = TableShape(
        oid: try row.int64("oid"), name: name, kind: kind,
        columns: try (columns[oid] ?? []).map(TableShapes.column), primaryKey: try row.strings("primary_key"),
        references: try (references[oid] ?? []).map(TableShapes.reference), isReachable: try row.bool("reachable"))
    }
  }

  subscript(name: QualifiedName) -> TableShape? { byName[name] }

  /// In the order of their names.
  var reachable: [TableShape] { byName.values.filter(\.isReachable).sorted { $0.name < $1.name } }

  private static func column(_ row: Row) throws -> MappedColumn {
    MappedColumn(
      name: try row.string("name"), type: try row.string("type"), base: try row.string("base"),
      kind: ValueKind(type: try row.string("base"), category: try row.string("category")),
      length: row["length"].flatMap { Int($0) }, isNotNull: try row.bool("not_null"),
      isGenerated: try row.bool("generated"), isAlwaysIdentity: try row.bool("always_identity"),
      isUnique: try row.bool("is_unique"), isPrimaryKey: try row.bool("is_primary"),
      isReference: try row.bool("is_reference"), isReferenced: try row.bool("is_referenced"),
      isPartitionKey: try row.bool("is_partition_key"), action: nil)
  }

  private static func reference(_ row: Row) throws -> ForeignKey {
    ForeignKey(
      name: try row.string("name"), columns: try row.strings("columns"),
      target: QualifiedName(try row.string("target_schema"), try row.string("target_name")),
      targetColumns: try row.strings("target_columns"))
  }
}

extension SQL {
  /// `VALUES` rows of schema and name.
  static func names(_ names: [QualifiedName]) -> SQL {
    names.map { "(\($0.schema)::text, \($0.name)::text)" as SQL }.joined(separator: ", ")
  }

  static func list(_ oids: [Int64]) -> SQL {
    oids.isEmpty ? "0" : SQL(verbatim: oids.map(String.init).joined(separator: ", "))
  }
}

extension TableShapes {
  /// Reachable: over foreign keys, against their direction; a partition is its parent's business.
  private static func tables(_ subject: QualifiedName, _ wanted: SQL) -> SQL {
    """
    WITH RECURSIVE reach AS (
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(subject.schema) AND c.relname = \(subject.name)
      UNION
      SELECT k.conrelid FROM reach r JOIN pg_constraint k ON k.confrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0
    )
    SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind,
      (r.oid IS NOT NULL AND NOT c.relispartition) AS reachable,
      ARRAY(SELECT a.attname::text FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place) AS primary_key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN reach r ON r.oid = c.oid
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND (r.oid IS NOT NULL AND NOT c.relispartition
        OR (n.nspname::text, c.relname::text) IN (SELECT w.schema, w.name FROM (VALUES \(sql: wanted)) AS w(schema, name)))
    ORDER BY n.nspname, c.relname
    """
  }

  private static func columns(_ oids: [Int64]) -> SQL {
    """
    SELECT a.attrelid::int8 AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
      b.typname AS base, b.typcategory AS category,
      CASE WHEN b.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4 END AS length,
      a.attnotnull OR t.typnotnull AS not_null, a.attgenerated <> '' AS generated, a.attidentity = 'a' AS always_identity,
      EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND (a.attnum = ANY (i.indkey::int2[])
        OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum))) AS is_unique,
      EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
        AND a.attnum = ANY (i.indkey::int2[])) AS is_primary,
      EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'f'
        AND a.attnum = ANY (k.conkey)) AS is_reference,
      EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = a.attrelid AND k.contype = 'f'
        AND a.attnum = ANY (k.confkey)) AS is_referenced,
      EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = a.attrelid
        AND a.attnum = ANY (p.partattrs::int2[])) AS is_partition_key
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (
      WITH RECURSIVE down AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typname, t.typcategory, a.atttypmod AS typmod
        UNION ALL
        SELECT u.oid, u.typtype, u.typbasetype, u.typname, u.typcategory, d.typmod_below
        FROM (SELECT x.*, y.typtypmod AS typmod_below FROM down x JOIN pg_type y ON y.oid = x.oid) d
        JOIN pg_type u ON u.oid = d.typbasetype WHERE d.typtype = 'd'
      ) SELECT d.oid, d.typname, d.typcategory, d.typmod FROM down d WHERE d.typtype <> 'd') AS m
    JOIN pg_type b ON b.oid = m.oid
    WHERE a.attrelid IN (\(sql: SQL.list(oids))) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
    """
  }

  private static func references(_ oids: [Int64]) -> SQL {
    """
    SELECT k.conrelid::int8 AS oid, k.conname AS name, n.nspname AS target_schema, c.relname AS target_name,
      ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place) AS columns,
      ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place) AS target_columns
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.confrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conrelid IN (\(sql: SQL.list(oids))) AND NOT c.relispartition
    ORDER BY k.conrelid, k.conname
    """
  }
}
