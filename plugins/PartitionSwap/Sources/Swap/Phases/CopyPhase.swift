import OnlineDDL
import PluginAPI

/// Rows, indexes, what changed meanwhile; then both sides are compared.
struct CopyPhase {
  let step: Step<PartitionSwap.Parameters>
  let carry: SwapCarry
  let facts: any Facts

  private var wanted: PartitionSwap.Parameters { step.parameters }
  private var log: KeyLog { carry.forward }
  private var copy: QualifiedName { carry.names.copy }

  func program() async throws -> Program {
    guard let fingerprint = try await facts.rows(log.captureFingerprint).first?[0] else {
      throw StepRefusal("swap.changed", "\(carry.names.source) is gone", choices: ["roll the step back"])
    }
    let keyed = carry.order == .blocks
    let primary = carry.indexes.filter(\.isPrimary)
    let others = carry.indexes.filter { !$0.isPrimary && !$0.isSecondaryUnique }
    let uniques = carry.indexes.filter(\.isSecondaryUnique)
    var operations: [Operation] = []
    if keyed { operations += build("key", "the primary key", primary) }
    operations.append(
      .chunked(
        id: "rows", title: "copy the rows of \(carry.names.source)",
        log.copyWork(
          order: carry.order, fingerprint: fingerprint, keyed: keyed, target: wanted.chunk, workers: wanted.workers),
        undo: .nothing))
    operations += build("indexes", "indexes", keyed ? others : primary + others)
    operations.append(drain("drain", "bring over what changed meanwhile", limited: true))
    operations.append(drain("drain-all", "bring over what changed meanwhile, all of it", limited: false))
    operations += build("uniques", "unique indexes", uniques)
    operations += carry.guards.map { $0.fill(from: copy, leaves: carry.leafNames) }
    operations += carry.references.map { $0.fill(id: "reference-fill", target: wanted.chunk) }
    // Two connections: the one samples what the other reads through. The full statistics come after the cutover.
    operations.append(
      .parallel(
        id: "check", title: "analyze and compare", width: wanted.workers,
        [CopyUpkeep.estimate(copy), comparison].compactMap { $0 }))
    var handed = carry
    handed.captureFingerprint = fingerprint
    return Program(operations: operations, carry: try handed.json)
  }

  private func drain(_ id: String, _ title: String, limited: Bool) -> Operation {
    .chunked(
      id: id, title: title,
      limited ? log.drainWork(below: wanted.cutover.backlog + 1, limited: true, target: wanted.drain)
        : log.replayWork(limited: false, indexed: true, target: wanted.drain), undo: .nothing)
  }

  /// On each partition by itself, then on the partitioned table, which takes over what is there.
  private func build(_ id: String, _ what: String, _ indexes: [CopyIndex]) -> [Operation] {
    guard !indexes.isEmpty else { return [] }
    let members = carry.leaves.enumerated().map { number, leaf in
      Operation.transaction(
        id: "\(id)-\(number + 1)", title: "build \(what) of \(leaf.name)",
        indexes.map { TransactionStatement($0.make(on: leaf.name)) }, settings: buildSettings,
        undo: .nothing)
    }
    let adoption = carry.indexes.enumerated().filter { indexes.contains($0.element) }.flatMap { place, index -> [SQL] in
      let name = carry.temporaryName(place)
      return index.adopt(on: copy, as: name).map { [$0] + index.remarks(on: copy, as: name) } ?? []
    }
    let all: [Operation] = [.parallel(id: id, title: "build \(what)", width: wanted.workers, members)]
    guard !adoption.isEmpty else { return all }
    return all + [
      .transaction(
        id: "\(id)-adopt", title: "give \(what) to \(copy)", adoption.map { TransactionStatement($0) },
        settings: [Setting("statement_timeout", "0")], undo: .nothing)
    ]
  }

  /// Builds side by side have their processors already.
  private var buildSettings: [Setting] {
    [Setting("statement_timeout", "0")] + (wanted.workers > 1 ? [Setting("max_parallel_maintenance_workers", "0")] : [])
  }

  private var comparison: Operation? {
    let method: KeyLog.Comparison
    switch wanted.verify {
    case .none: return nil
    case .hash: method = .hash
    case .count: method = .count
    }
    return .chunked(
      id: "verify", title: "compare \(copy) with \(carry.names.source)",
      log.verifyWork(method, target: wanted.chunk, workers: wanted.workers), undo: .nothing)
  }
}

extension SwapCarry {
  /// Of an index of the partitioned table before it takes the table's own.
  func temporaryName(_ place: Int) -> String {
    Quoting.fitted(indexes[place].name, suffix: "_new")
  }
}
