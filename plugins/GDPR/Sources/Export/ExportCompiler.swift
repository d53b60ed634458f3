import PlanSchema
import PluginAPI

/// One export of one snapshot: a query for each table of the map that has rows of people.
struct ExportCompiler {
  let wanted: GDPRExport.Parameters
  let map: ResolvedMap
  let facts: any Facts

  private var subject: RequestedSubject { RequestedSubject(secret: wanted.subject, map: map) }
  private var announcement: SubjectAnnouncement { SubjectAnnouncement(subjects: subject.bound, type: map.key.type) }

  func program() async throws -> Program {
    let tables = map.tables.filter(\.isOwned)
    let columns = tables.map { ExportColumns(table: $0, map: map, keys: announcement.keys, redacted: redacted(of: $0)) }
    var findings = map.findings + unknownRedactions + columns.flatMap(\.findings)
    switch try await subject.standing(facts) {
    case .present: break
    case .misspelt: findings.append(subject.misspelt(at: wanted.$subject))
    case .absent:
      findings.append(
        .warning(
          "gdpr.subject.absent", "no row of \(map.subject.name) has the subject's key",
          choices: ["check the key", "export all the same: rows without a foreign key may be theirs"], at: wanted.$subject))
    }
    return Program(
      findings: findings, operations: [export(columns)],
      privileges: tables.map { Privilege(.table($0.name, right: "SELECT")) })
  }

  private func export(_ columns: [ExportColumns]) -> Operation {
    let queries = zip(fileNames(columns.map(\.table.name)), columns).map { name, columns in
      ExportWork.Query(name, columns.query)
    }
    return .export(
      id: "export", title: "export the subject's rows of \(columns.count) tables to \(wanted.to)",
      ExportWork(
        queries, format: wanted.format.work, path: wanted.to, isFolder: true, prelude: [announcement.statement]))
  }

  /// Letters, digits and a few signs; two tables whose names come out alike are numbered.
  private func fileNames(_ tables: [QualifiedName]) -> [String] {
    var used: Set<String> = []
    return tables.map { table in
      let whole = table.schema == "public" ? table.name : "\(table.schema).\(table.name)"
      let plain = String(whole.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) ? $0 : "_" })
      let base = plain.hasPrefix(".") || plain == "manifest" ? "_" + plain : plain
      let name = used.contains(base) ? "\(base)-\(used.count)" : base
      used.insert(name)
      return name
    }
  }

  private func redacted(of table: MappedTable) -> Set<String> {
    Set(wanted.redact.map(\.value).filter { $0.table == table.name }.map(\.column))
  }

  private var unknownRedactions: [Finding] {
    wanted.redact.compactMap { item in
      guard let table = map[item.value.table] else {
        let near = Spelling.nearest(to: item.value.table.description, in: map.tables.map(\.name.description))
        return .refusal(
          "gdpr.export.redact", "\(item.value.table) is not in the map",
          choices: [near.map { "did you mean `\($0)`?" } ?? "correct the name"], at: item.range)
      }
      guard table.shape.column(item.value.column) == nil else { return nil }
      return .unknownColumn(item.value.column, of: table.shape, at: item.range)
    }
  }
}
