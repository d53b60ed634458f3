import OnlineDDL
import PluginAPI

/// The indexes a step has made over time: one name with different bounds, marked by a comment.
struct RollingFamily {
  let wanted: IndexRolling.Parameters
  let table: RelationFacts
  let bound: RollingBound
  let facts: any Facts

  init(_ wanted: IndexRolling.Parameters, _ table: RelationFacts, _ bound: RollingBound, _ facts: any Facts) {
    self.wanted = wanted
    self.table = table
    self.bound = bound
    self.facts = facts
  }

  private var stem: String {
    wanted.name?.name ?? Quoting.fitted("\(table.name.name)_\(wanted.column.name)_recent", suffix: "_0000000000")
      .replacingSuffix("_0000000000")
  }

  /// Marks an index as this family's: a name alone proves nothing.
  private var marker: String { "caisson index.rolling \(QualifiedName(table.name.schema, stem))" }

  private var spec: IndexSpec {
    let column = Quoting.identifier(wanted.column.name)
    let recent = "\(column) >= \(bound.literal)"
    return IndexSpec(
      table: table.name, name: Quoting.fitted(stem, suffix: "_" + bound.digits), method: wanted.method.rawValue,
      keys: wanted.columns?.map(\.value.specified) ?? [IndexSpec.Key(column: wanted.column.name)],
      include: wanted.include.map(\.value.name),
      predicate: wanted.where.map { "\(recent) AND (\($0.text)\n)" } ?? recent,
      options: wanted.with.map { Setting($0.key, $0.value.text) }, tablespace: wanted.tablespace?.name,
      comment: "\(marker), from \(bound.literal)")
  }

  func program() async throws -> Program {
    let (index, findings) = try await IndexResolver.resolve(spec, on: table, marks: wanted.marks, facts)
    guard let index else { return Program(findings: findings) }
    let compiler = IndexCompiler(
      index: index, marks: wanted.marks, policy: wanted.policy, analyze: false, facts: facts)
    var program = try await compiler.program()
    let previous = try await facts.indexes(on: table.name).filter { isPrevious($0, of: index) }
    guard !program.operations.isEmpty || !previous.isEmpty || !program.refusals.isEmpty else {
      return .alreadySo(.note(
        "index.exists", "\(index.name) is there: this period's index, and no earlier one is left", at: wanted.$table))
    }
    // The previous bound's index is no redundant neighbour: it goes in this very step.
    let names = Set(previous.map(\.name))
    program.findings.removeAll { finding in
      finding.code.hasPrefix("index.") && ["index.makes_redundant", "index.redundant", "index.invalid_neighbour"]
        .contains(finding.code) && names.contains { finding.message.contains($0.description) }
    }
    program.findings = findings + program.findings + [queriesNote]
    for index in previous { program.operations.append(try await drop(index)) }
    return program
  }

  private var queriesNote: Finding {
    .note(
      "index.rolling_queries",
      "queries use it when they compare \(wanted.column) with a constant that is not before the bound: a date the"
        + " application computes, not now() - interval, which the planner does not know when it plans",
      at: wanted.$column)
  }

  /// Marked, or an invalid one whose build was interrupted before it could be marked.
  private func isPrevious(_ existing: IndexFacts, of index: ResolvedIndex) -> Bool {
    guard existing.name != index.name, existing.parent == nil, existing.constraint == nil,
      existing.name.name.hasPrefix(stem + "_")
    else { return false }
    let digits = existing.name.name.dropFirst(stem.utf8.count + 1)
    guard digits.count >= 8, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return false }
    if existing.comment?.hasPrefix(marker + ",") ?? false { return true }
    return !existing.isValid && existing.signature == index.definition.signature
  }

  private func drop(_ index: IndexFacts) async throws -> Operation {
    if index.isPartitioned {
      let tree = try await IndexTree.recreating(index, facts)
      return PartitionedIndexDrop.operation(
        for: tree, id: "drop:\(index.name.name)",
        undo: .operations(PartitionedIndexBuild(tree, policy: wanted.policy).operations.withoutUndo))
    }
    return ConcurrentIndexDrop.operation(
      for: IndexDefinition(index), id: "drop:\(index.name.name)",
      undo: index.isValid
        ? .operations(ConcurrentIndexBuild.operations(for: index, policy: wanted.policy).withoutUndo) : .nothing)
  }
}

extension String {
  /// Without an ending it is known to have.
  fileprivate func replacingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
