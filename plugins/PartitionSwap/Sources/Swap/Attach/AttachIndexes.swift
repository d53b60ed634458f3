import OnlineDDL
import PluginAPI

/// Everything that makes the table fit to be a partition. Every index that the partitioned table will have is on it: what
/// ATTACH PARTITION misses it builds under its lock.
struct AttachIndexes {
  let step: Step<PartitionSwap.Parameters>
  let carry: AttachCarry

  private var parent: QualifiedName { carry.names.copy }

  func program() throws -> Program {
    let builds = carry.replaced.compactMap(\.wide).enumerated().flatMap { ConcurrentStep.build($0.element, $0.offset + 1) }
    let fills = carry.references.map { $0.fill(id: "reference-fill", target: step.parameters.chunk) }
    return Program(operations: builds + [parentIndexes] + fills + [bound, validation], carry: try carry.json)
  }

  /// Last: rows behind it are refused from now until the cutover, and a build may take hours.
  /// Without IS NOT NULL in it, ATTACH PARTITION would read the whole table under ACCESS EXCLUSIVE.
  private var bound: Operation {
    let source = carry.names.source
    let condition: SQL = carry.history.condition(carry.key) ?? "true"
    return .transaction(
      id: "bound", title: "let no row of \(source) come that the partition would not take",
      [
        TransactionStatement(
          """
          ALTER TABLE \(id: source) ADD CONSTRAINT \(id: AttachCarry.boundCheck) CHECK (\(sql: condition)) NOT VALID
          """)
      ],
      locks: [RelationLock(.accessExclusive, source)],
      undo: .operations([ShortLock.dropConstraint(AttachCarry.boundCheck, of: source)]))
  }

  private var validation: Operation {
    var validation = Validation.operation(AttachCarry.boundCheck, on: carry.names.source, id: "bound-validate")
    validation.title = "check that no row of \(carry.names.source) lies behind its bound"
    return validation
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
