import OnlineDDL
import PluginAPI

/// `cutover.pause`: the transaction that changes names runs while the pools of the application are paused. No client
/// fails or holds a lock meanwhile; all wait a moment, in PgBouncer rather than in PostgreSQL.
struct SwapPause {
  let step: Step<PartitionSwap.Parameters>
  let facts: any Facts

  private var keys: CutoverKeys { step.parameters.cutover }

  /// What cannot be paused is told when the step begins, hours before the cutover. A way back is not barred by a
  /// PgBouncer that is gone, through which nobody comes any more.
  func applied(to program: Program, _ phase: PartitionSwap.Phase) async throws -> Program {
    guard !keys.pause.isEmpty, !program.operations.isEmpty else { return program }
    var program = program
    switch phase {
    case .prepare: program.findings += try await found().patience(for: keys.pauseDeadline, facts, at: keys.$pause)
    case .cutover: program.operations = try await paused(program.operations)
    case .revert:
      do { program.operations = try await paused(program.operations) } catch let refusal as StepRefusal {
        program.findings += refusal.findings.map { .warning($0.code, $0.message, choices: $0.choices, at: $0.range) }
      }
    case .copy, .settle, .finalize: break
    }
    return program
  }

  /// The change of names between PAUSE and RESUME. How it is taken back is said once, by the bracket: the pools are
  /// paused for that as well.
  private func paused(_ operations: [Operation]) async throws -> [Operation] {
    let pause = try await found()
    return operations.map { operation in
      guard operation.id == "swap" else { return operation }
      return pause.around(operation, stall: step.maxStall, deadline: keys.pauseDeadline, undo: operation.undo)
    }
  }

  private func found() async throws -> PoolerPause {
    do { return try await PoolerPause.find(keys.pause, facts, at: keys.$pause) } catch let refused as PoolerPause.Refused {
      throw StepRefusal(refused.findings)
    }
  }
}
