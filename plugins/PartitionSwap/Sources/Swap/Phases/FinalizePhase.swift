import OnlineDDL
import PluginAPI

/// The way back is closed: the old table and the logs go.
struct FinalizePhase {
  let step: Step<PartitionSwap.Parameters>
  let carry: SwapCarry
  let facts: any Facts

  func program() async throws -> Program {
    let names = carry.names
    guard let now = try await facts.relation(names.source), let old = try await facts.inventory(of: names.old) else {
      throw StepRefusal(
        "swap.old", "\(names.old) is gone: somebody has dropped it",
        choices: ["caisson mark-done, when that was meant"])
    }
    let findings = old.dependents.map { dependent in
      Finding.refusal(
        "swap.old_in_use", "\(dependent.description) still reads \(names.old)",
        choices: ["drop \(dependent.description), or make it anew over \(names.source)"])
    }
    let leaves = now.partitioning?.leaves.map(\.name) ?? []
    let strays = try await Strays.operations(of: carry.reverse, beside: names.source, facts)
    return Program(findings: findings, operations: writers + strays + [release(leaves), drop, dropLogs], carry: try carry.json)
  }

  private var writers: [Operation] {
    carry.oldWriters(carry.forward).release(deadline: step.parameters.cutover.deadline)
  }

  private func release(_ leaves: [QualifiedName]) -> Operation {
    .transaction(
      id: "release", title: "stop noting changes of \(carry.names.source)",
      carry.reverse.dropCapture(from: carry.names.source, leaves: leaves).map { TransactionStatement($0) },
      locks: ([carry.names.source] + leaves).map { RelationLock(.accessExclusive, $0) },
      undo: .irreversible(reason: "writes are no longer carried over to \(carry.names.old)"))
  }

  private var drop: Operation {
    let statements = ["DROP TABLE \(id: carry.names.old)", FollowRegister.remove(carry.names.source)] + (carry.fill.map { [$0.forget] } ?? [])
    return .transaction(
      id: "drop", title: "drop \(carry.names.old)", statements.map { TransactionStatement($0) },
      locks: [RelationLock(.accessExclusive, carry.names.old)],
      undo: .irreversible(reason: "\(carry.names.old) is dropped"))
  }

  private var dropLogs: Operation {
    let statements = carry.references.map(\.dropFollow) + carry.forward.drop + carry.reverse.drop
    return .transaction(
      id: "drop-logs", title: "drop the logs of changed keys", statements.map { TransactionStatement($0) },
      undo: .irreversible(reason: "there is no way back without them"))
  }
}
