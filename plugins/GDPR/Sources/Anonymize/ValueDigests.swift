import PluginAPI

/// Looks for what was replaced without keeping it: salted digests of the original values, dropped with the step's tables.
///
/// A value that other people have in the same column (a first name, a shared address) says nothing about anybody and is not
/// looked for; every row of those who were done is, besides, held against what its actions make of it.
struct ValueDigests: Sendable {
  let map: ResolvedMap
  let tables: WorkTables

  /// Shorter ones are everywhere by chance.
  private static let shortest = 5

  /// Places with texts in them, numbered through the map: the number is what `origin` holds.
  private var places: [(table: QualifiedName, column: MappedColumn, origin: Int)] {
    map.tables.flatMap { table in table.columns.filter(Self.isText).map { (table.name, $0) } }
      .enumerated().map { ($1.0, $1.1, $0 + 1) }
  }

  private static func isText(_ column: MappedColumn) -> Bool {
    switch column.kind {
    case .text, .network, .json: !column.isStructure
    case .uuid: column.isChanged
    default: false
    }
  }

  private func places(of table: MappedTable) -> [(column: MappedColumn, origin: Int)] {
    places.filter { $0.table == table.name }.map { ($0.column, $0.origin) }
  }

  private func digest(_ value: SQL) -> SQL { "sha256(convert_to(s.salt || lower(\(sql: value)), 'UTF8'))" }

  private func texts(in json: SQL) -> SQL {
    "SELECT x.v #>> '{}' FROM jsonb_path_query((\(sql: json))::jsonb, 'strict $.**') AS x(v) WHERE jsonb_typeof(x.v) = 'string'"
  }

  /// Rows `(origin, value)` of one row of `t`.
  private func values(_ places: [(column: MappedColumn, origin: Int)], _ each: (MappedColumn) -> SQL) -> SQL {
    places.map { "SELECT \(sql: String($0.origin)) AS origin, v.value FROM (\(sql: each($0.column))) AS v(value)" as SQL }
      .joined(separator: "\nUNION ALL ")
  }

  private func present(_ column: MappedColumn) -> SQL {
    column.kind == .json ? texts(in: "t.\(id: column.name)") : "SELECT \(sql: text(column))"
  }

  /// An address without its netmask: as it stands in texts.
  private func text(_ column: MappedColumn) -> SQL {
    column.kind == .network ? "host(t.\(id: column.name))" : "t.\(id: column.name)::text"
  }

  /// What an update will take away.
  private func leaving(_ column: MappedColumn) -> SQL {
    guard column.kind == .json else {
      return column.isDone.map { "SELECT CASE WHEN NOT \(sql: $0) THEN \(sql: text(column)) END" } ?? present(column)
    }
    return "(\(sql: texts(in: "t.\(id: column.name)"))) EXCEPT (\(sql: texts(in: column.newValue)))"
  }

  /// Neither short nor a date: those are everywhere by chance.
  private var countable: SQL {
    "char_length(v.value) >= \(sql: String(Self.shortest)) AND v.value !~ '^\\d{4}-\\d\\d-\\d\\d'"
  }

  /// Not what the map itself puts in a value's place: it may stand in a copy of a row that was done before.
  private var isOriginal: SQL {
    let actions = map.tables.flatMap { $0.changed.flatMap { column in column.inside.map(\.action) + [column.action].compactMap { $0 } } }
    var conditions: [SQL] = []
    for action in Set(actions) {
      switch action {
      case .constant(let value): conditions.append("v.value <> \(literal: value)")
      case .token(let form): conditions.append("v.value !~ \(literal: TokenShape.anyLength(form))")
      default: break
      }
    }
    return conditions.isEmpty ? "true" : conditions.sorted { $0.text < $1.text }.joined(separator: " AND ")
  }

  /// OFFSET 0: values are taken apart of these rows alone (measured: eight seconds a batch otherwise, on a log of 200,000).
  private func rows(of keys: SubjectKeys, in table: MappedTable, key: String) -> SQL {
    "(SELECT t.* FROM \(sql: table.source) WHERE \(sql: table.rows(of: keys, key: key)) OFFSET 0) AS t"
  }

  // MARK: Statements

  /// Before an update: digests of what it replaces; `nil`: nothing that can be looked for.
  func remember(_ table: MappedTable, of keys: SubjectKeys, key: String) -> SQL? {
    let changed = places(of: table).filter(\.column.isChanged)
    guard !changed.isEmpty else { return nil }
    return """
      INSERT INTO \(id: tables.values) (digest, origin)
      SELECT DISTINCT \(sql: digest("v.value")), v.origin FROM \(sql: rows(of: keys, in: table, key: key))
      CROSS JOIN \(id: tables.salt) AS s
      CROSS JOIN LATERAL (\(sql: values(changed, leaving))) AS v
      WHERE \(sql: countable) AND \(sql: isOriginal)
      ON CONFLICT DO NOTHING
      """
  }

  /// Afterwards: those that other people have in the same place are forgotten.
  var share: [SQL] {
    let marks = map.tables.compactMap { table -> SQL? in
      let changed = places(of: table).filter(\.column.isChanged)
      guard table.isOwned, !changed.isEmpty else { return nil }
      return """
        UPDATE \(id: tables.values) AS d SET is_shared = true WHERE (d.digest, d.origin) IN (
        SELECT \(sql: digest("v.value")), v.origin FROM \(sql: rows(of: tables.others(map), in: table, key: map.key.name))
        CROSS JOIN \(id: tables.salt) AS s
        CROSS JOIN LATERAL (\(sql: values(changed, present))) AS v
        WHERE \(sql: countable) OFFSET 0)
        """
    }
    guard !marks.isEmpty else { return [] }
    let forget: SQL = """
      DELETE FROM \(id: tables.values) AS d WHERE d.digest IN (
      SELECT shared.digest FROM \(id: tables.values) AS shared WHERE shared.is_shared)
      """
    return ["ANALYZE \(id: tables.values)"] + marks + [forget, "ANALYZE \(id: tables.values)"]
  }

  /// One look per table of the map, at all of its rows.
  var scan: [ObserveWork.Query] {
    map.tables.compactMap { table in
      let all = places(of: table)
      guard !all.isEmpty else { return nil }
      let names = all.map { QualifiedName.readable($0.column.name) }.joined(separator: ", ")
      // OFFSET 0: each digest is computed once, whatever is joined how.
      let query: SQL = """
        SELECT NOT EXISTS (SELECT FROM (
          SELECT \(sql: digest("v.value")) AS digest FROM \(sql: table.source)
          CROSS JOIN \(id: tables.salt) AS s
          CROSS JOIN LATERAL (\(sql: values(all, present))) AS v
          WHERE \(sql: countable) OFFSET 0) AS found
        WHERE EXISTS (SELECT FROM \(id: tables.values) AS d WHERE d.digest = found.digest))
        """
      return ObserveWork.Query(
        "no_original_in_\(table.name)", query, expect: .isTrue,
        message: "\(table.name) (\(names)) still holds a value that was replaced elsewhere")
    }
  }
}
