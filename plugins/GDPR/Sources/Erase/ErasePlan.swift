import JSONText
import PlanSchema
import PluginAPI

/// What an erasure does, whomever it is about: from rules, map and catalog.
struct ErasePlan: Sendable {
  let map: ResolvedMap
  let rules: EraseRules
  let graph: EraseGraph
  let changes: [EraseChange]
  /// Sha256 of the map as it was read.
  let mapHash: String
  let findings: [Finding]

  static func read(_ rules: EraseRules, _ facts: any Facts) async throws -> ErasePlan {
    let source = try await rules.map.value.map(facts)
    let map = try await ResolvedMap.resolve(source, at: rules.map.range, facts)
    let deleted = rules.rows.filter { $0.value == .delete }.compactMap { QualifiedName(parsing: $0.key) }
    let incoming = deleted.isEmpty ? [] : try await Referrer.all(to: deleted, facts)
    let graph = EraseGraph(map, rules, incoming)
    let hash = try await facts.rows("SELECT encode(sha256(convert_to(\(source.json.text), 'UTF8')), 'hex') AS hash")
    var findings = map.findings + graph.findings + ErasePlan.scrubFindings(rules, graph)
    findings += try await ErasePlan.conditionFindings(rules, map, facts)
    findings += try await MaterializedCopies(
      changed: changed(graph), range: rules.ranges.rows, facts: facts
    ).findings()
    let order = graph.order
    if order == nil { findings.append(circle(graph, rules)) }
    return ErasePlan(
      map: map, rules: rules, graph: graph, changes: graph.changes(order ?? []), mapHash: hash.first?["hash"] ?? "",
      findings: findings)
  }

  var isRefused: Bool { findings.contains { $0.severity == .refusal } }

  /// Subjects among these who are still to be erased.
  func pending(_ keys: SubjectKeys) -> SubjectKeys {
    guard let done = rules.erasedWhen else { return keys }
    return SubjectKeys(
      """
      SELECT wanted.key FROM (\(sql: keys.query)) AS wanted WHERE NOT EXISTS (SELECT FROM \(sql: map.subject.source)
        WHERE t.\(id: map.key.name) = wanted.key AND (\(sql: done.text)
      ))
      """)
  }

  /// How many rows each change concerns.
  func counts(_ keys: SubjectKeys, _ facts: any Facts) async throws -> [Int] {
    var counts: [Int] = []
    for change in changes { counts.append(try await facts.rows(change.count(keys)).first?.int("n") ?? 0) }
    return counts
  }

  /// How many rows each change has left, as far as one can tell by looking.
  func left(_ keys: SubjectKeys, _ facts: any Facts) async throws -> [Int] {
    var counts: [Int] = []
    for change in changes {
      let query: SQL = "SELECT count(*) AS n FROM \(id: change.table) AS t WHERE \(sql: change.left(keys))"
      counts.append(try await facts.rows(query).first?.int("n") ?? 0)
    }
    return counts
  }

  /// True: none of them is under legal hold.
  func isFree(_ keys: SubjectKeys) -> SQL? {
    rules.holds.map { holds in
      """
      SELECT NOT EXISTS (SELECT FROM (\(sql: keys.query)) AS wanted
        WHERE wanted.key IN (SELECT held.key FROM (\(sql: holds.relation)) AS held)) AS free
      """
    }
  }

  /// After the erasure: nothing of it in the planner's samples.
  var samples: Operation { PlannerSamples(tables: Set(changes.filter(\.concernsValues).map(\.table)).sorted()).forget }

  // MARK: Findings

  private static func changed(_ graph: EraseGraph) -> [(table: QualifiedName, columns: [String]?)] {
    let anonymized = graph.map.tables.filter { graph.strategies[$0.name] == .anonymize && graph.doomed[$0.name] == nil }
    return graph.doomed.keys.sorted().map { ($0, nil) } + anonymized.map { ($0.name, $0.changed.map(\.name)) }
  }

  private static func scrubFindings(_ rules: EraseRules, _ graph: EraseGraph) -> [Finding] {
    rules.scrub.compactMap { name in
      if [.delete, .anonymize].contains(graph.strategies[name.value]) { return nil }
      return .refusal(
        "gdpr.scrub", "nothing says how copies in \(name.value) are erased",
        choices: ["map it, and give it `delete` or `anonymize` under `rows`"], at: name.range)
    }
  }

  private static func conditionFindings(
    _ rules: EraseRules, _ map: ResolvedMap, _ facts: any Facts
  ) async throws -> [Finding] {
    var findings: [Finding] = []
    let stays = rules.rows.contains { QualifiedName(parsing: $0.key) == map.subject.name && $0.value != .delete }
    if stays, rules.erasedWhen == nil {
      findings.append(
        .refusal(
          "gdpr.erase.erased_when", "the subject's own row stays, and nothing tells whether it has been erased",
          choices: ["erased_when: a condition over \(map.subject.name), such as: email LIKE '%@erased.invalid'"],
          at: rules.ranges.rows))
    }
    var queries: [(String, SQL)] = []
    if let done = rules.erasedWhen {
      queries.append(("erased_when", "EXPLAIN SELECT FROM \(sql: map.subject.source) WHERE (\(sql: done.text)\n)"))
    }
    if let holds = rules.holds {
      let held: SQL = "SELECT held.key FROM (\(sql: holds.relation)) AS held"
      queries.append(("holds", "EXPLAIN SELECT NULL::\(sql: map.key.type) IN (\(sql: held))"))
    }
    for (name, query) in queries {
      guard let refused = try await facts.attempt(query.text) else { continue }
      findings.append(
        .refusal(
          "gdpr.erase.\(name)", "the server refuses `\(name)` (SQLSTATE \(refused.sqlState))"
            + (refused.isAboutStatement ? ": \(refused.message)" : ""), choices: ["correct it"], at: rules.ranges.rows))
    }
    return findings
  }

  private static func circle(_ graph: EraseGraph, _ rules: EraseRules) -> Finding {
    let names = graph.doomed.keys.sorted().map(\.description).joined(separator: ", ")
    return .refusal(
      "gdpr.erase.circle", "rows that are deleted refer to each other in a circle: among \(names)",
      choices: ["make one of the references null"], at: rules.ranges.references)
  }
}
