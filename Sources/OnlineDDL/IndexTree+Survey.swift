public import PluginAPI

extension IndexTree {
  /// What is there already of an index wanted on a partitioned table.
  public static func survey(
    _ index: ResolvedIndex, existing: IndexFacts?, _ facts: any Facts
  ) async throws -> IndexTree {
    let below = try await facts.indexes(below: index.table)
    var survey = Survey(index: index, facts: facts, byTable: Dictionary(grouping: below, by: \.table))
    return try await survey.parent(
      index.definition, existing: existing, state: existing.map { .attached(isValid: $0.isValid) } ?? .absent,
      partitions: index.table.partitioning?.partitions ?? [])
  }
}

private struct Survey {
  let index: ResolvedIndex
  let facts: any Facts
  let byTable: [QualifiedName: [IndexFacts]]
  /// Names of relations by schema, and those this tree is going to use.
  var taken: [String: Set<String>] = [:]

  mutating func parent(
    _ definition: IndexDefinition, existing: IndexFacts?, state: IndexTree.State, partitions: [Partition]
  ) async throws -> IndexTree {
    var children: [IndexTree] = []
    for partition in partitions where partition.kind == .table || partition.kind == .partitionedTable {
      children.append(try await child(partition, of: existing))
    }
    return IndexTree(definition, isPartitioned: true, state: state, children: children)
  }

  private mutating func child(_ partition: Partition, of parent: IndexFacts?) async throws -> IndexTree {
    let found = try await match(on: partition.name, attachedTo: parent)
    let name: String
    if let found { name = found.index.name.name } else { name = try await freeName(on: partition.name) }
    var definition = index.definition.on(partition.name, named: name)
    definition.comment = nil
    // What is reused comes back as it was when the whole is undone.
    if let found, found.state == .detached { definition = IndexDefinition(found.index) }
    let state = found?.state ?? .absent
    guard partition.kind == .partitionedTable else { return IndexTree(definition, isPartitioned: false, state: state) }
    return try await self.parent(
      definition, existing: found?.index, state: state, partitions: partition.partitions)
  }

  private func match(
    on table: QualifiedName, attachedTo parent: IndexFacts?
  ) async throws -> (index: IndexFacts, state: IndexTree.State)? {
    let candidates = byTable[table] ?? []
    if let parent, let attached = candidates.first(where: { $0.parent == parent.name }) {
      return (attached, .attached(isValid: attached.isValid))
    }
    for candidate in candidates where candidate.parent == nil && (candidate.isValid || candidate.isPartitioned) {
      if try await index.comparison(with: candidate, on: table, facts) == .same { return (candidate, .detached) }
    }
    let expected = IndexName.base(for: index.spec, on: table.name)
    for candidate in candidates where candidate.name.name == expected && candidate.parent == nil {
      if try await index.comparison(with: candidate, on: table, facts) == .same { return (candidate, .leftover) }
    }
    return nil
  }

  private mutating func freeName(on table: QualifiedName) async throws -> String {
    if taken[table.schema] == nil {
      taken[table.schema] = try await facts.takenNames(in: table.schema, startingWith: "")
    }
    let base = IndexName.base(for: index.spec, on: table.name)
    let name = IndexName.free(base, avoiding: taken[table.schema] ?? [])
    taken[table.schema]?.insert(name)
    return name
  }
}
