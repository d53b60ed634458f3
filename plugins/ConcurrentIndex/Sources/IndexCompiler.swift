import OnlineDDL
import PluginAPI

/// From a resolved index and what the catalog has to a program.
struct IndexCompiler {
  let index: ResolvedIndex
  let marks: IndexMarks
  let policy: BuildPolicy
  let analyze: Bool
  let facts: any Facts

  var table: RelationFacts { index.table }

  func program() async throws -> Program {
    let standing = try await NameStanding.of(index, at: marks, facts)
    switch standing {
    case .refused(let finding): return Program(findings: [finding] + (try await advice()))
    case .same(let existing) where existing.isValid:
      return .alreadySo(.note("index.exists", "\(existing.name) is there, valid and with this definition", at: marks.name))
    case .same(let existing): return try await unfinished(existing)
    case .free:
      let operations = table.kind == .partitionedTable
        ? try await partitioned(index, existing: nil) : ConcurrentIndexBuild.operations(for: index.definition, policy: policy)
      return try await finished(operations, findings: [])
    }
  }

  /// An invalid index of this name and definition that nobody is building.
  private func unfinished(_ existing: IndexFacts) async throws -> Program {
    var index = index
    index.definition.name = existing.name
    if table.kind == .partitionedTable {
      let repair = Finding.note(
        "index.repair", "\(existing.name) is there and invalid: only what is missing is built and attached", at: marks.name)
      return try await finished(try await partitioned(index, existing: existing), findings: [repair])
    }
    if let parent = existing.parent {
      let finding = Finding.warning(
        "index.leftover", "\(existing.name) is invalid and attached to \(parent): it is rebuilt in place; attach it"
          + " again, or apply index.create on the partitioned table, to make \(parent) valid", at: marks.name)
      let rebuild = ConcurrentIndexBuild.rebuild(index.definition, id: "rebuild", policy: policy)
      return try await finished([rebuild], findings: [finding])
    }
    let finding = Finding.warning(
      "index.leftover",
      "\(existing.name) is an invalid leftover with this definition (owner \(existing.owner)), and nobody is building it:"
        + " it is dropped concurrently and built again", at: marks.name)
    let operations = ConcurrentIndexBuild.operations(for: index.definition, policy: policy)
    return try await finished(
      [ConcurrentIndexBuild.removeLeftover(index.definition)] + operations, findings: [finding])
  }

  private func partitioned(_ index: ResolvedIndex, existing: IndexFacts?) async throws -> [Operation] {
    let tree = try await IndexTree.survey(index, existing: existing, facts)
    return PartitionedIndexBuild(tree, policy: policy).operations
  }

  private func finished(_ operations: [Operation], findings: [Finding]) async throws -> Program {
    Program(
      findings: findings + (try await advice()),
      operations: operations + (analyze ? [ConcurrentIndexBuild.analyze(table.name)] : []),
      privileges: [Privilege(.owner(table.name)), Privilege(.create(schema: table.name.schema))])
  }

  private func advice() async throws -> [Finding] {
    let others = try await facts.indexes(on: table.name)
    return try await partitionFindings() + uniqueFindings() + redundancyFindings(others)
      + leftoverFindings(others) + brinFindings() + hotFindings(others) + sizeFindings() + visibilityFindings()
  }
}
