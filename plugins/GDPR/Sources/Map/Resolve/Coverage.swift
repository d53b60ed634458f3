import PlanSchema
import PluginAPI

/// Nothing personal is forgotten: every column of every table that leads to the subject has its action, and what looks
/// personal elsewhere was looked at.
struct Coverage {
  let map: DataMap
  let tables: [MappedTable]
  let shapes: TableShapes
  let range: SourceRange
  let facts: any Facts

  func findings() async throws -> [Finding] {
    missingTables + tables.compactMap(uncovered) + (try await suspects())
  }

  private var missingTables: [Finding] {
    let named = Set(tables.map(\.name))
    return shapes.reachable.filter { !named.contains($0.name) }.map { shape in
      let ways = shape.references.filter { named.contains($0.target) || $0.target == map.subject.table }
      let way = ways.first.map { " by \($0.columns.joined(separator: ", ")) of \($0.target)" } ?? ""
      return .refusal(
        "gdpr.map.missing_table", "\(shape.name) leads to \(map.subject.table)\(way) and is not in the map",
        choices: ["map it, with its columns under `columns`, `json` or `kept`"], at: range)
    }
  }

  private func uncovered(_ table: MappedTable) -> Finding? {
    let open = table.columns.filter { $0.action == nil && $0.inside.isEmpty }
    // A table that nobody's rows are in is listed for what looks personal in it.
    let columns = table.isOwned || table.shape.isReachable ? open : open.filter(PersonalColumn.isSuspect)
    guard !columns.isEmpty else { return nil }
    let names = columns.map { "\(table.name).\(QualifiedName.readable($0.name))" }
    return .refusal(
      "gdpr.map.uncovered", "the map does not say what becomes of \(names.joined(separator: ", "))",
      choices: ["an action under `columns` (`json` for what is inside)", "`kept`, where it is no personal data"],
      at: table.range)
  }

  private func suspects() async throws -> [Finding] {
    let named = Set(tables.map(\.name))
    let schemas = Set([map.subject.table.schema] + tables.map(\.name.schema)).sorted()
    let found = try await facts.rows(PersonalColumn.query(schemas))
    var byTable: [(QualifiedName, [String])] = []
    for row in found {
      let table = QualifiedName(try row.string("schema"), try row.string("table"))
      guard !named.contains(table), shapes[table] == nil else { continue }
      let column = MappedColumn(
        name: try row.string("column"), base: try row.string("base"), category: try row.string("category"))
      guard PersonalColumn.isSuspect(column) else { continue }
      if byTable.last?.0 == table { byTable[byTable.count - 1].1.append(column.name) } else { byTable.append((table, [column.name])) }
    }
    return byTable.map { table, columns in
      .refusal(
        "gdpr.map.suspect",
        "\(columns.map { "\(table).\(QualifiedName.readable($0))" }.joined(separator: ", ")) looks like personal data, and"
          + " \(table) is not in the map",
        choices: ["map it with `where`", "put it in the map with the columns under `kept`"], at: range)
    }
  }
}

/// Names and types that usually hold something about a person.
enum PersonalColumn {
  private static let words: Set<String> = [
    "email", "mail", "phone", "mobile", "telephone", "fax", "firstname", "lastname", "surname", "birth", "birthday",
    "birthdate", "dob", "address", "street", "ssn", "passport", "iban", "ip", "password", "gender", "nationality",
    "signature", "nid",
  ]
  private static let pairs: Set<String> = [
    "first_name", "last_name", "full_name", "family_name", "middle_name", "maiden_name", "national_id", "license_number",
    "licence_number", "user_agent", "date_birth", "zip_code", "post_code", "user_id", "signed_by", "ip_address",
  ]

  static func isSuspect(_ column: MappedColumn) -> Bool {
    if column.base == "inet" { return true }
    let parts = column.name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    return parts.contains { words.contains($0) }
      || zip(parts, parts.dropFirst()).contains { pairs.contains($0 + "_" + $1) }
  }

  /// Columns of the ordinary tables of these schemas, partitions left to their parents.
  static func query(_ schemas: [String]) -> SQL {
    """
    SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, t.typname AS base, t.typcategory AS category
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (\(schemas)::text[])
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY n.nspname, c.relname, a.attnum
    """
  }
}

extension MappedColumn {
  /// As much of it as a guess by name and type needs.
  init(name: String, base: String, category: String) {
    self.init(
      name: name, type: base, base: base, kind: ValueKind(type: base, category: category), length: nil, isNotNull: false,
      isGenerated: false, isAlwaysIdentity: false, isUnique: false, isPrimaryKey: false, isReference: false,
      isReferenced: false, isPartitionKey: false, action: nil)
  }
}
