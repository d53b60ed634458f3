import PlanSchema
import PluginAPI

/// Which rows of which tables go, and what becomes of what refers to them: nothing is left to CASCADE or SET NULL.
struct EraseGraph: Sendable {
  /// Why rows of a table are deleted.
  enum Reason: Sendable {
    /// The map says whose they are.
    case mapped(MappedTable)
    /// They refer to deleted rows.
    case refers(Referrer)
  }

  let map: ResolvedMap
  let strategies: [QualifiedName: EraseStrategy]
  private(set) var doomed: [QualifiedName: [Reason]] = [:]
  /// References that become NULL.
  private(set) var cut: [Referrer] = []
  private(set) var findings: [Finding] = []
  /// Edges between deleted tables: the source's rows go first.
  private var edges: [Referrer] = []
  private var used: Set<String> = []

  init(_ map: ResolvedMap, _ rules: EraseRules, _ incoming: [Referrer]) {
    self.map = map
    (strategies, findings) = EraseGraph.strategies(map, rules)
    for table in map.tables where strategies[table.name] == .delete { doomed[table.name] = [.mapped(table)] }
    var queue = map.tables.map(\.name).filter { doomed[$0] != nil }
    while let target = queue.popLast() {
      for reference in incoming where reference.key.target == target {
        if take(reference, rules) { queue.append(reference.source) }
      }
    }
    for entry in rules.references where !used.contains(entry.key) {
      findings.append(
        .refusal(
          "gdpr.erase.references", "`\(entry.key)` is no reference to rows that are deleted",
          choices: ["take it away, or correct it: table.column"], at: entry.range))
    }
  }

  /// True: rows of its source are deleted for it, which nothing deleted before.
  private mutating func take(_ reference: Referrer, _ rules: EraseRules) -> Bool {
    if !reference.isIndexed { findings.append(reference.unindexed(at: rules.ranges.rows)) }
    if let entry = rules.references.entries.first(where: { reference.isNamed($0.key) }) {
      used.insert(entry.key)
      if entry.value == .null { return cut(reference, at: entry.range) }
      edges.append(reference)
      doomed[reference.source, default: []].append(.refers(reference))
      return doomed[reference.source]?.count == 1
    }
    let isOwnWay = map[reference.source]?.ways.contains { $0.hops.first?.name == reference.key.name } ?? false
    if isOwnWay, strategies[reference.source] == .delete {
      edges.append(reference)
      return false
    }
    findings.append(reference.undecided(at: rules.ranges.references))
    return false
  }

  private mutating func cut(_ reference: Referrer, at range: SourceRange) -> Bool {
    if reference.isNullable {
      cut.append(reference)
    } else {
      findings.append(
        .refusal(
          "gdpr.erase.not_null", "\(reference.name) is NOT NULL: it cannot be made null",
          choices: ["delete its rows", "let the rows it refers to stay, anonymised"], at: range))
    }
    return false
  }

  private static func strategies(
    _ map: ResolvedMap, _ rules: EraseRules
  ) -> ([QualifiedName: EraseStrategy], [Finding]) {
    var strategies: [QualifiedName: EraseStrategy] = [:], findings: [Finding] = []
    for entry in rules.rows {
      guard let name = QualifiedName(parsing: entry.key), let table = map[name], table.isOwned else {
        let near = Spelling.nearest(to: entry.key, in: map.tables.filter(\.isOwned).map(\.name.description))
        findings.append(
          .refusal(
            "gdpr.erase.table", "`\(entry.key)` is no table of the map that has rows of people",
            choices: [near.map { "did you mean `\($0)`?" } ?? "take it away"], at: entry.range))
        continue
      }
      strategies[name] = entry.value
      if entry.value == .anonymize, table.changed.isEmpty {
        findings.append(
          .refusal(
            "gdpr.erase.unchanged", "the map changes nothing in \(name): anonymising it does nothing",
            choices: ["give its columns actions", "{keep: why}"], at: entry.range))
      }
    }
    let missing = map.tables.filter { $0.isOwned && strategies[$0.name] == nil }.map(\.name.description)
    if !missing.isEmpty {
      findings.append(
        .refusal(
          "gdpr.erase.rows", "nothing says what becomes of the rows of \(missing.joined(separator: ", "))",
          choices: ["under `rows`: delete, anonymize, or {keep: why}"], at: rules.ranges.rows))
    }
    return (strategies, findings)
  }

  // MARK: Rows

  /// Rows of a table, as `t`, that are deleted.
  func rows(of table: QualifiedName, _ keys: SubjectKeys) -> SQL {
    let conditions = (doomed[table] ?? []).map { reason -> SQL in
      switch reason {
      case .mapped(let table): table.rows(of: keys, key: map.key.name)
      case .refers(let reference): reference.rows(where: rows(of: reference.key.target, keys))
      }
    }
    return conditions.count == 1 ? conditions[0] : "(" + conditions.joined(separator: " OR ") + ")"
  }

  /// Deleted tables, each after all whose rows refer to its own; `nil`: they refer to each other in a circle.
  var order: [QualifiedName]? {
    var depth = doomed.mapValues { reasons in
      reasons.map { reason in
        if case .mapped(let table) = reason { table.ways.map(\.hops.count).max() ?? (table.isSubject ? 0 : 1) } else { 1 }
      }.max() ?? 0
    }
    for round in 0...doomed.count {
      var isStable = true
      for edge in edges where (depth[edge.source] ?? 0) <= (depth[edge.key.target] ?? 0) {
        depth[edge.source] = (depth[edge.key.target] ?? 0) + 1
        isStable = false
      }
      if isStable { return depth.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map(\.key) }
      if round == doomed.count { return nil }
    }
    return nil
  }
}

extension Referrer {
  fileprivate func unindexed(at range: SourceRange) -> Finding {
    let columns = key.columns.map(QualifiedName.readable).joined(separator: ", ")
    return .warning(
      "gdpr.erase.unindexed",
      "no index of \(source) begins with \(columns): every row deleted from \(key.target) reads all of \(source)",
      choices: ["a step before: index.create with table: \(source), columns: [\(columns)]"], at: range)
  }

  fileprivate func undecided(at range: SourceRange) -> Finding {
    .refusal(
      "gdpr.erase.reference",
      "\(name) refers to \(key.target), whose rows are deleted (ON DELETE \(onDelete.words)), and nothing says what becomes of it",
      choices: ["references: { \(name): delete }"] + (isNullable ? ["references: { \(name): null }"] : []), at: range)
  }
}
