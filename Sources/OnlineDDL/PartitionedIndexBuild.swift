public import PluginAPI

/// Builds an index on a partitioned table: the parent's without storage, each partition's concurrently, then attached
/// one by one; the parent's turns valid at the last. Only what is missing is done, so the same function repairs.
public struct PartitionedIndexBuild {
  let tree: IndexTree
  let policy: BuildPolicy

  public init(_ tree: IndexTree, policy: BuildPolicy = BuildPolicy()) {
    self.tree = tree
    self.policy = policy
  }

  public var operations: [Operation] {
    guard tree.state != .attached(isValid: true) || !tree.isComplete else { return [] }
    var operations: [Operation] = []
    if tree.leaves.contains(where: \.isToBeBuilt) {
      operations.append(
        OldSnapshots.wait(before: tree.definition, id: "wait", deadline: policy.waitForOldSnapshots))
    }
    operations += steps(for: tree)
    return operations + ConcurrentIndexBuild.properties(of: tree.definition) + [verify]
  }

  private func steps(for node: IndexTree) -> [Operation] {
    var operations = node.state == .absent ? [createOnly(node)] : []
    for (place, child) in node.children.enumerated() {
      let isLast = place == node.children.count - 1
      operations += child.isPartitioned ? steps(for: child) : leafSteps(child)
      // Attaching again makes the server look whether the parent can turn valid.
      let isUntouched = child.state == .attached(isValid: true) && child.isComplete
      if !isUntouched || (isLast && node.state == .attached(isValid: false)) {
        operations.append(attach(child, to: node))
      }
    }
    return operations
  }

  private func createOnly(_ node: IndexTree) -> Operation {
    let index = node.definition
    return .transaction(
      id: "parent:\(index.name)", title: "create index \(index.name) on \(index.table) only, still invalid",
      [TransactionStatement(index.createOnly)], locks: [RelationLock(.share, index.table)],
      resources: [.concurrentIndex(on: index.table)], settings: policy.settings(for: index),
      undo: .operations([dropAll("drop:\(index.name)", node)]))
  }

  private func leafSteps(_ leaf: IndexTree) -> [Operation] {
    let index = leaf.definition
    switch leaf.state {
    case .detached, .attached(isValid: true): return []
    case .attached(isValid: false):
      return [ConcurrentIndexBuild.rebuild(index, id: "rebuild:\(index.name)", policy: policy)]
    case .leftover:
      return [ConcurrentIndexBuild.removeLeftover(index, id: "clear:\(index.name)"), build(index)]
        + ConcurrentIndexBuild.properties(of: index, id: "properties:\(index.name)")
    case .absent:
      return [build(index)] + ConcurrentIndexBuild.properties(of: index, id: "properties:\(index.name)")
    }
  }

  private func build(_ index: IndexDefinition) -> Operation {
    var operation = ConcurrentIndexBuild.build(index, id: "build:\(index.name)", policy: policy)
    operation.undo = .operations([
      ConcurrentIndexDrop.operation(
        for: index, id: "drop:\(index.name)", unless: ConcurrentIndexDrop.isGone(index.name), undo: .nothing)
    ])
    return operation
  }

  private func attach(_ child: IndexTree, to node: IndexTree) -> Operation {
    let parent = node.definition, index = child.definition
    return .transaction(
      id: "attach:\(index.name)", title: "attach \(index.name) to \(parent.name)",
      [TransactionStatement("ALTER INDEX \(id: parent.name) ATTACH PARTITION \(id: index.name)")],
      locks: [
        RelationLock(.shareUpdateExclusive, parent.name), RelationLock(.accessExclusive, index.name),
        RelationLock(.accessShare, parent.table), RelationLock(.accessShare, index.table),
      ],
      undo: undoOfAttach(child))
  }

  /// An attached index cannot be detached: the parent's is dropped with all that is attached to it. What was there
  /// before is then built again. An index that existed and was only repaired stays.
  private func undoOfAttach(_ child: IndexTree) -> Undo {
    guard tree.state == .absent else { return .nothing }
    var operations = [dropAll("drop:\(tree.definition.name):\(child.definition.name)", tree)]
    if child.state == .detached, !child.isPartitioned {
      var again = ConcurrentIndexBuild.build(
        child.definition, id: "again:\(child.definition.name)", policy: policy)
      again.undo = .nothing
      operations.append(again)
      operations += ConcurrentIndexBuild.properties(
        of: child.definition, id: "again:properties:\(child.definition.name)")
    }
    return .operations(operations)
  }

  private func dropAll(_ id: String, _ node: IndexTree) -> Operation {
    PartitionedIndexDrop.operation(for: node, id: id, undo: .nothing)
  }

  /// Partitions that came after compilation have no index: then it is still invalid.
  private var verify: Operation {
    let name = tree.definition.name
    return .observe(
      id: "verify", title: "check that \(name) is valid",
      ObserveWork([
        ObserveWork.Query(
          "valid",
          """
          SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = \(name.schema) AND c.relname = \(name.name)
          """, expect: .isTrue,
          message: "\(name) is still invalid: a partition was added meanwhile. Apply again to index it.")
      ]))
  }
}

extension IndexTree {
  var isToBeBuilt: Bool {
    switch state {
    case .absent, .leftover, .attached(isValid: false): true
    case .detached, .attached(isValid: true): false
    }
  }
}

/// Drops the index of a partitioned table with those of its partitions. There is no concurrent form: it takes ACCESS
/// EXCLUSIVE on all of them, for as long as the catalog needs.
public enum PartitionedIndexDrop {
  public static func operation(for tree: IndexTree, id: String, undo: Undo) -> Operation {
    let index = tree.definition
    let tables = [index.table] + tree.tablesBelow
    return .transaction(
      id: id, title: "drop index \(index.name) with those of \(tables.count - 1) partitions",
      [TransactionStatement("DROP INDEX \(id: index.name)")], unless: ConcurrentIndexDrop.isGone(index.name),
      locks: [RelationLock(.accessExclusive, index.name)] + tables.map { RelationLock(.accessExclusive, $0) },
      undo: undo)
  }
}

extension IndexTree {
  var tablesBelow: [QualifiedName] { children.flatMap { [$0.definition.table] + $0.tablesBelow } }
}
