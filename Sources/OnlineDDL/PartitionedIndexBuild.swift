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
    operations += steps(for: tree, isOurs: tree.state == .absent)
    return operations + ConcurrentIndexBuild.properties(of: tree.definition) + [verify]
  }

  /// `isOurs`: nothing of it or above it was there before, so all of it can be taken back.
  private func steps(for node: IndexTree, isOurs: Bool) -> [Operation] {
    var operations = node.state == .absent ? [createOnly(node, isOurs: isOurs)] : []
    var attaches = 0
    for child in node.children {
      operations += child.isPartitioned
        ? steps(for: child, isOurs: isOurs && child.state == .absent) : leafSteps(child, isOurs: isOurs)
      guard !child.isComplete else { continue }
      operations.append(attach(child, to: node, isOurs: isOurs))
      attaches += 1
    }
    // Attaching once more makes the server look whether the parent can turn valid.
    if attaches == 0, node.state == .attached(isValid: false), let last = node.children.last {
      operations.append(attach(last, to: node, isOurs: false))
    }
    return operations
  }

  private func createOnly(_ node: IndexTree, isOurs: Bool) -> Operation {
    let index = node.definition
    return .transaction(
      id: "parent:\(index.name)", title: "create index \(index.name) on \(index.table) only, still invalid",
      [TransactionStatement(index.createOnly)], locks: [RelationLock(.share, index.table)],
      resources: Resource.concurrentIndex(on: index.table), settings: policy.settings(for: index),
      undo: isOurs ? .operations([dropAll("drop:\(index.name)", node)]) : .nothing)
  }

  private func leafSteps(_ leaf: IndexTree, isOurs: Bool) -> [Operation] {
    let index = leaf.definition
    switch leaf.state {
    case .detached, .attached(isValid: true): return []
    case .attached(isValid: false):
      return [ConcurrentIndexBuild.rebuild(index, id: "rebuild:\(index.name)", policy: policy)]
    case .leftover:
      return [ConcurrentIndexBuild.removeLeftover(index, id: "clear:\(index.name)"), build(index, isOurs: isOurs)]
        + ConcurrentIndexBuild.properties(of: index, id: "properties:\(index.name)")
    case .absent:
      return [build(index, isOurs: isOurs)] + ConcurrentIndexBuild.properties(of: index, id: "properties:\(index.name)")
    }
  }

  private func build(_ index: IndexDefinition, isOurs: Bool) -> Operation {
    var operation = ConcurrentIndexBuild.build(index, id: "build:\(index.name)", policy: policy)
    guard isOurs else {
      operation.undo = .nothing
      return operation
    }
    operation.undo = .operations([
      ConcurrentIndexDrop.operation(
        for: index, id: "drop:\(index.name)", unless: ConcurrentIndexDrop.isGone(index.name), undo: .nothing)
    ])
    return operation
  }

  private func attach(_ child: IndexTree, to node: IndexTree, isOurs: Bool) -> Operation {
    let parent = node.definition, index = child.definition
    return .transaction(
      id: "attach:\(index.name)", title: "attach \(index.name) to \(parent.name)",
      [TransactionStatement("ALTER INDEX \(id: parent.name) ATTACH PARTITION \(id: index.name)")],
      locks: [
        RelationLock(.shareUpdateExclusive, parent.name), RelationLock(.accessExclusive, index.name),
        RelationLock(.accessShare, parent.table), RelationLock(.accessShare, index.table),
      ],
      undo: isOurs ? undoOfAttach(child, to: node) : .nothing)
  }

  /// An attached index cannot be detached: the parent's is dropped with all that is attached to it, and a
  /// sub-partitioned one that did not get that far by itself. What was there before is then built again.
  private func undoOfAttach(_ child: IndexTree, to node: IndexTree) -> Undo {
    let name = child.definition.name
    var operations = [dropAll("drop:\(tree.definition.name):\(name)", tree)]
    if node.definition != tree.definition { operations.append(dropAll("drop:\(node.definition.name):\(name)", node)) }
    guard child.state == .detached else { return .operations(operations) }
    let again = child.isPartitioned
      ? PartitionedIndexBuild(child.asAbsent, policy: policy).operations
      : [ConcurrentIndexBuild.build(child.definition, policy: policy)] + ConcurrentIndexBuild.properties(of: child.definition)
    for var operation in again.withoutUndo {
      operation.id = "again:\(operation.id):\(name)"
      operations.append(operation)
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
  /// As if nothing of it were there: to build all of it again.
  var asAbsent: IndexTree {
    IndexTree(definition, isPartitioned: isPartitioned, state: .absent, children: children.map(\.asAbsent))
  }

  var tablesBelow: [QualifiedName] { children.flatMap { [$0.definition.table] + $0.tablesBelow } }
}
