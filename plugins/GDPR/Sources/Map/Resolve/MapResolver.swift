import PlanSchema
import PluginAPI

/// Holds a map against the catalog: names, paths, types, and whether anything personal was forgotten.
struct MapResolver {
  let map: DataMap
  /// Of `map:` in the plan.
  let range: SourceRange
  let facts: any Facts

  func resolve() async throws -> ResolvedMap {
    let shapes = try await TableShapes(
      subject: map.subject.table, named: map.tables.map(\.value.table), facts)
    var findings = try await unknownTables(shapes)
    guard let subject = shapes[map.subject.table] else { throw StepRefusal(findings) }
    guard let key = subject.column(map.subject.key.name) else {
      throw StepRefusal(findings + [unknownColumn(map.subject.key.name, of: subject, at: map.subject.$key)])
    }
    findings += SubjectCheck(subject: subject, key: key, range: map.subject.$key).findings
    var tables: [MappedTable] = []
    for table in map.tables {
      guard let shape = shapes[table.value.table] else { continue }
      tables.append(try await mapped(table, shape, shapes, key, &findings))
    }
    findings += try await Coverage(map: map, tables: tables, shapes: shapes, range: range, facts: facts).findings()
    let own = tables.first(where: \.isSubject) ?? MappedTable(
      shape: subject, ways: [], condition: nil, isSubject: true, columns: subject.columns, range: map.subject.$table)
    return ResolvedMap(subject: own, key: key, tables: tables, findings: findings)
  }

  private func mapped(
    _ table: Located<MapTable>, _ shape: TableShape, _ shapes: TableShapes, _ key: MappedColumn, _ findings: inout [Finding]
  ) async throws -> MappedTable {
    let wanted = table.value
    let isSubject = wanted.table == map.subject.table
    var columns = ColumnAssignment(table: wanted, shape: shape)
    columns.assign()
    findings += columns.findings
    var mapped = MappedTable(
      shape: shape, ways: [], condition: wanted.where.map { SubjectCondition(text: $0.text) }, isSubject: isSubject,
      columns: columns.columns, basis: wanted.basis, keep: wanted.keep, range: wanted.$table)
    for path in wanted.path.paths {
      switch PathResolution(shapes: shapes, subject: map.subject.table, key: key.name).way(path, from: shape) {
      case .success(let way): mapped.ways.append(way)
      case .failure(let refusal): findings += refusal.findings
      }
    }
    for place in mapped.columns.indices where mapped.columns[place].isChanged {
      findings += ActionCheck(table: mapped, column: mapped.columns[place], key: key, range: columns.range(of: place)).findings
    }
    findings += ownership(mapped, wanted)
    if let problem = try await ConditionCheck(table: mapped, key: key, range: wanted.$where, facts: facts).finding() {
      findings.append(problem)
    }
    return mapped
  }

  private func ownership(_ table: MappedTable, _ wanted: MapTable) -> [Finding] {
    if table.isSubject, !table.ways.isEmpty || table.condition != nil {
      return [
        .refusal(
          "gdpr.map.subject_rows", "\(table.name) is the subject's own table: its rows are found by their key",
          choices: ["take `path` and `where` away"], at: wanted.$table)
      ]
    }
    guard !table.isOwned, !table.changed.isEmpty, wanted.path.paths.isEmpty else { return [] }
    return [
      .refusal(
        "gdpr.map.no_way", "nothing says whose the rows of \(table.name) are",
        choices: ["a `path` of foreign keys to \(map.subject.table)", "a `where` with $subject"], at: wanted.$table)
    ]
  }

  private func unknownTables(_ shapes: TableShapes) async throws -> [Finding] {
    var findings: [Finding] = []
    let listed = map.tables.map { ($0.value.table, $0.value.$table) }
    let isListed = listed.contains { $0.0 == map.subject.table }
    let named = (isListed ? [] : [(map.subject.table, map.subject.$table)]) + listed
    for (name, range) in named {
      guard let shape = shapes[name] else {
        let like = try await facts.relationNames(like: name)
        findings.append(
          .refusal(
            "gdpr.map.table", "there is no table \(name)",
            choices: like.isEmpty ? ["correct the name"] : like.map { "did you mean `\($0)`?" }, at: range))
        continue
      }
      guard ![.table, .partitionedTable].contains(shape.kind) else { continue }
      findings.append(
        .refusal(
          "gdpr.map.kind", "\(name) is a \(shape.kind.noun), which holds no rows of its own to change",
          choices: ["name the tables behind it"], at: range))
    }
    return findings
  }

  private func unknownColumn(_ name: String, of shape: TableShape, at range: SourceRange) -> Finding {
    .unknownColumn(name, of: shape, at: range)
  }
}

extension Finding {
  static func unknownColumn(_ name: String, of shape: TableShape, at range: SourceRange) -> Finding {
    let near = Spelling.nearest(to: name, in: shape.columns.map(\.name))
    return .refusal(
      "gdpr.map.column", "\(shape.name) has no column `\(name)`",
      choices: [near.map { "did you mean `\($0)`?" } ?? "correct the name"], at: range)
  }
}

/// The subject's key has to tell its rows apart.
struct SubjectCheck {
  let subject: TableShape
  let key: MappedColumn
  let range: SourceRange

  var findings: [Finding] {
    guard !(key.isUnique && key.isNotNull) else { return [] }
    return [
      .refusal(
        "gdpr.map.key", "\(subject.name).\(key.name) does not tell its rows apart: it is not unique, or may be NULL",
        choices: ["name the primary key", "make it NOT NULL with a unique index"], at: range)
    ]
  }
}
