import OnlineDDL
import PluginAPI

/// Every index that the partitioned table will have is on the table before it becomes a partition: what ATTACH PARTITION
/// misses it builds under its lock. The bound comes last: it refuses rows until the cutover, and a build may take hours.
struct AttachIndexes {
  let step: Step<PartitionSwap.Parameters>
  let carry: AttachCarry

  private var parent: QualifiedName { carry.names.copy }

  func program() throws -> Program {
    let builds = carry.replaced.compactMap(\.wide).enumerated().flatMap { ConcurrentStep.build($0.element, $0.offset + 1) }
    let fills = carry.references.map { $0.fill(id: "reference-fill", target: step.parameters.chunk) }
    return Program(operations: builds + [parentIndexes] + fills + carry.proof, carry: try carry.json)
  }

  /// The partitions to come are empty: this takes no time.
  private var parentIndexes: Operation {
    let statements = carry.indexes.flatMap { index -> [SQL] in
      let temporary = SwapNames.new(index.name)
      guard let adopt = index.adopt(on: parent, as: temporary) else {
        return carry.leafNames.map { index.make(on: $0) }
      }
      return [adopt]
    }
    return .transaction(
      id: "parent-indexes", title: "give \(parent) the indexes of \(carry.names.source)",
      statements.map { TransactionStatement($0) }, undo: .nothing)
  }
}

/// A concurrent build as one of several, which is left out when it is there already and whose undo is when it is not.
enum ConcurrentStep {
  static func build(_ index: IndexDefinition, _ number: Int) -> [Operation] {
    let policy = BuildPolicy()
    var wait = OldSnapshots.wait(before: index, id: "index-\(number)-wait", deadline: policy.waitForOldSnapshots)
    wait.unless = isThere(index)
    var build = ConcurrentIndexBuild.build(index, id: "index-\(number)", policy: policy)
    build.unless = isThere(index)
    build.undo = .operations([
      ConcurrentIndexDrop.operation(
        for: index, id: "drop", unless: ConcurrentIndexDrop.isGone(index.name), undo: .nothing)
    ])
    return [wait, build]
  }

  private static func isThere(_ index: IndexDefinition) -> SQL {
    """
    SELECT coalesce((SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(\(literal: index.name.quoted))), false)
    """
  }
}
