public import PluginAPI

/// Builds one index without stopping writers.
public enum ConcurrentIndexBuild {
  /// Wait, build, restore what a statement cannot say. `undo` drops it again.
  public static func operations(for index: IndexDefinition, policy: BuildPolicy = BuildPolicy()) -> [Operation] {
    [OldSnapshots.wait(before: index, id: "wait", deadline: policy.waitForOldSnapshots), build(index, policy: policy)]
      + properties(of: index)
  }

  /// Recreates an index from the catalog's own definition, with comment, statistics targets, tablespace and mark.
  public static func operations(for index: IndexFacts, policy: BuildPolicy = BuildPolicy()) -> [Operation] {
    operations(for: IndexDefinition(index), policy: policy)
  }

  public static func build(_ index: IndexDefinition, id: String = "build", policy: BuildPolicy) -> Operation {
    .autocommit(
      id: id, title: "build index \(index.name) on \(index.table)",
      AutocommitWork(
        index.createConcurrently, probe: IndexProbe.creation(of: index), cleanup: [index.dropConcurrently],
        progress: BuildProgress.query, settings: policy.settings(for: index)),
      locks: [RelationLock(.shareUpdateExclusive, index.table)], resources: Resource.concurrentIndex(on: index.table),
      undo: .operations([ConcurrentIndexDrop.operation(for: index, id: "drop", undo: .nothing)]))
  }

  /// Removes what an interrupted build left before it is built again.
  public static func removeLeftover(_ index: IndexDefinition, id: String = "clear") -> Operation {
    ConcurrentIndexDrop.operation(
      for: index, id: id, title: "remove the invalid leftover \(index.name)", undo: .nothing)
  }

  /// An attached partition's index cannot be dropped: it is rebuilt in place.
  public static func rebuild(_ index: IndexDefinition, id: String, policy: BuildPolicy) -> Operation {
    .autocommit(
      id: id, title: "rebuild invalid index \(index.name)",
      AutocommitWork(
        "REINDEX INDEX CONCURRENTLY \(id: index.name)", probe: IndexProbe.rebuilding(of: index),
        cleanup: ReindexLeftovers(index.name).cleanup, progress: BuildProgress.query,
        settings: policy.settings(for: index)),
      locks: [RelationLock(.shareUpdateExclusive, index.name), RelationLock(.shareUpdateExclusive, index.table)],
      resources: Resource.concurrentIndex(on: index.table), undo: .nothing)
  }

  /// What CREATE INDEX has no words for. Gone with the index, so nothing to undo.
  static func properties(of index: IndexDefinition, id: String = "properties") -> [Operation] {
    var statements: [TransactionStatement] = []
    var locks: Set<RelationLock> = []
    if let comment = index.comment {
      statements.append(TransactionStatement("COMMENT ON INDEX \(id: index.name) IS \(literal: comment)"))
      locks.insert(RelationLock(.shareUpdateExclusive, index.name))
    }
    for (key, target) in index.statisticsTargets.sorted(by: { $0.key < $1.key }) {
      statements.append(TransactionStatement(
        "ALTER INDEX \(id: index.name) ALTER COLUMN \(sql: String(key)) SET STATISTICS \(sql: String(target))"))
      locks.insert(RelationLock(.shareUpdateExclusive, index.name))
    }
    if index.isClustered {
      statements.append(TransactionStatement("ALTER TABLE \(id: index.table) CLUSTER ON \(id: index.name.name)"))
      locks.insert(RelationLock(.shareUpdateExclusive, index.table))
    }
    guard !statements.isEmpty else { return [] }
    return [
      .transaction(
        id: id, title: "comment and settings of \(index.name)", statements,
        locks: locks.sorted { $0.relation < $1.relation }, undo: .nothing)
    ]
  }

  /// Statistics of its expressions, or of the whole table.
  public static func analyze(_ table: QualifiedName) -> Operation {
    .transaction(
      id: "analyze", title: "analyze \(table)", [TransactionStatement("ANALYZE \(id: table)")],
      locks: [RelationLock(.shareUpdateExclusive, table)],
      // As long as the table needs; it stalls nobody.
      settings: [Setting("statement_timeout", "0")], undo: .nothing)
  }
}

extension [Operation] {
  /// As part of an undo: nothing takes an undo back.
  public var withoutUndo: [Operation] {
    map { operation in
      var operation = operation
      operation.undo = .nothing
      return operation
    }
  }
}
