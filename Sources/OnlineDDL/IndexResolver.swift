public import PluginAPI

/// Asks the server what a specification means: columns, types, operator classes, collations, and whether the access
/// method can do it. Everything wrong is reported at once, at the place in the plan.
public struct IndexResolver {
  let spec: IndexSpec
  let marks: IndexMarks
  let table: RelationFacts
  let facts: any Facts
  var findings: [Finding] = []

  /// `index` is `nil` when a finding refuses it.
  public static func resolve(
    _ spec: IndexSpec, on table: RelationFacts, marks: IndexMarks, _ facts: any Facts
  ) async throws -> (index: ResolvedIndex?, findings: [Finding]) {
    var resolver = IndexResolver(spec: spec, marks: marks, table: table, facts: facts)
    let keys = try await resolver.keys()
    resolver.checkInclude()
    try await resolver.checkPredicate()
    try await resolver.checkMethod()
    guard resolver.findings.allSatisfy({ $0.severity != .refusal }) else { return (nil, resolver.findings) }
    let name = try await IndexName.choose(for: spec, on: table, facts)
    return (ResolvedIndex(spec, on: table, keys, named: name), resolver.findings)
  }

  private mutating func keys() async throws -> [ResolvedKey] {
    var found: [ResolvedKey] = []
    for (place, key) in spec.keys.enumerated() {
      let mark = marks.keys.indices.contains(place) ? marks.keys[place] : marks.table
      if let column = key.column {
        guard let facts = table.column(column) else {
          findings.append(unknownColumn(column, at: mark))
          continue
        }
        let oid = try await self.facts.typeOid(of: column, in: table) ?? 0
        try await add(key, type: (oid, facts.type), collation: facts.collation, at: mark, to: &found)
      } else if let expression = key.expression, try await check(expression, at: mark),
        let type = try await facts.type(of: expression, on: table)
      {
        try await add(key, type: type, collation: nil, at: mark, to: &found)
      }
    }
    return found
  }

  private mutating func add(
    _ key: IndexSpec.Key, type: (oid: Int64, name: String), collation inherited: QualifiedName?,
    at mark: SourceRange, to found: inout [ResolvedKey]
  ) async throws {
    guard let operatorClass = try await operatorClass(of: key, type: type, at: mark) else { return }
    var collation = inherited
    if let wanted = key.collation {
      collation = try await facts.collation(wanted)
      if collation == nil {
        findings.append(.refusal(
          "index.collation", "collation \(wanted) does not exist in this database",
          choices: ["name one of pg_collation, for example C"], at: mark))
      }
    }
    let nullsFirst = key.nullsFirst ?? key.isDescending
    found.append(ResolvedKey(
      key: IndexKey(
        column: key.column, text: key.column ?? key.expression ?? "", operatorClass: operatorClass,
        collation: collation, isDescending: key.isDescending, nullsFirst: nullsFirst),
      type: type.name, text: text(key, operatorClass, collation)))
  }

  /// As the statement writes it: only what was asked for.
  private func text(_ key: IndexSpec.Key, _ operatorClass: QualifiedName, _ collation: QualifiedName?) -> String {
    var text = key.column.map(Quoting.identifier) ?? ResolvedIndex.parenthesized(key.expression ?? "")
    if key.collation != nil, let collation { text += " COLLATE " + collation.quoted }
    if key.operatorClass != nil { text += " " + operatorClass.quoted }
    if key.isDescending { text += " DESC" }
    if let first = key.nullsFirst, first != key.isDescending { text += first ? " NULLS FIRST" : " NULLS LAST" }
    return text
  }

  private mutating func operatorClass(
    of key: IndexSpec.Key, type: (oid: Int64, name: String), at mark: SourceRange
  ) async throws -> QualifiedName? {
    let known = try await facts.operatorClasses(method: spec.method, type: type.oid)
    guard let written = key.operatorClass else {
      if let fallback = known.first(where: \.isDefault) { return fallback.name }
      findings.append(try await noOperatorClass(type.name, known, at: mark))
      return nil
    }
    let wanted = QualifiedName(parsing: written, defaultSchema: "")
    let named = known.first {
      $0.name.name == wanted?.name && (wanted?.schema == "" || wanted?.schema == $0.name.schema)
    }
    if let named { return named.name }
    let names = known.map(\.name.name)
    let near = Spelling.nearest(to: wanted?.name ?? written, in: names).map { "; did you mean \($0)?" } ?? ""
    findings.append(.refusal(
      "index.operator_class", "there is no operator class \(written) of \(spec.method) for \(type.name)\(near)",
      choices: names.isEmpty ? ["another method"] : names.prefix(5).map { "opclass: \($0)" }, at: mark))
    return nil
  }

  private func noOperatorClass(
    _ type: String, _ known: [OperatorClassFacts], at mark: SourceRange
  ) async throws -> Finding {
    var choices = known.prefix(5).map { "opclass: \($0.name.name)" }
    let isText = ["text", "character varying", "character"].contains { type.hasPrefix($0) }
    if isText, spec.method == "gin" || spec.method == "gist" {
      let name = "\(spec.method)_trgm_ops"
      let installed = try await facts.hasOperatorClass(name, method: spec.method)
      choices = [
        "opclass: \(name)" + (installed ? "" : " (CREATE EXTENSION pg_trgm first)") + ", for LIKE and ILIKE",
        "index to_tsvector(…) as an expression, for full text search",
      ]
    }
    return .refusal(
      "index.operator_class", "type \(type) has no default operator class for \(spec.method)",
      choices: choices.isEmpty ? ["method: btree"] : choices, at: mark)
  }

  private mutating func checkInclude() {
    for (place, column) in spec.include.enumerated() where table.column(column) == nil {
      let mark = marks.include.indices.contains(place) ? marks.include[place] : marks.table
      findings.append(unknownColumn(column, at: mark))
    }
  }

  private mutating func checkPredicate() async throws {
    guard let predicate = spec.predicate, try await check(predicate, at: marks.predicate) else { return }
    if let type = try await facts.type(of: predicate, on: table), type.name != "boolean" {
      findings.append(.refusal(
        "index.predicate", "`where` is of type \(type.name), not boolean", choices: ["write a condition"],
        at: marks.predicate))
    }
  }

  private func unknownColumn(_ name: String, at mark: SourceRange) -> Finding {
    let near = Spelling.nearest(to: name, in: table.columns.map(\.name))
    return .refusal(
      "index.column", "\(table.name) has no column \(name)" + (near.map { "; did you mean \($0)?" } ?? ""),
      choices: near.map { ["write \($0)"] } ?? ["add the column in an earlier step"], at: mark)
  }
}
