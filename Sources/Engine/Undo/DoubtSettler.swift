import Journal
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

/// Decides, before a step is taken back, what became of operations that a crash left in doubt; an open bracket is
/// closed. What may have happened counts as done, so that its undo runs.
struct DoubtSettler {
  let shop: Workshop
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding
  let program: StoredProgram

  func settle(_ tasks: [TaskRecord]) async throws {
    let leaves = program.operations.flatMap(\.leaves)
    for task in tasks where task.state == .inDoubt || task.state == .intent {
      guard let operation = leaves.first(where: { $0.id == task.operation }) else { continue }
      let context = TaskContext(workshop: shop, step: step, task: task, holding: holding, operation: operation)
      switch operation.work {
      case .bracket(let work): try await close(context, work)
      case .autocommit(let work):
        try await connected(shop.target.session(purpose: "undo")) {
          _ = try await InDoubt(context: context, work: work).decide(on: $0)
        }
      default: try await connected(shop.target.work()) { try await settle(context, on: $0) }
      }
    }
  }

  private func settle(_ context: TaskContext, on connection: Connection) async throws {
    switch context.operation.work {
    case .file(let work): try await FileInterpreter(context: context, work: work).settle(on: connection)
    case .export(let work): try await ExportInterpreter(context: context, work: work).settle(on: connection)
    case .process(let work): try await ProcessInterpreter(context: context, work: work).settle(on: connection)
    case .admin(let work): try await AdminInterpreter(context: context, work: work).settle(on: connection)
    case .transaction, .autocommit, .chunked, .observe, .parallel, .bracket: break
    }
  }

  private func close(_ context: TaskContext, _ work: BracketWork) async throws {
    let runner = OperationRunner(
      shop: shop, ledger: ledger, step: step, holding: holding, phase: program.phase, program: program.attempt)
    _ = try await BracketRunner(runner: runner, operation: context.operation, work: work).recover(context.task)
  }

  private func connected(_ connection: Connection, _ body: (Connection) async throws -> Void) async throws {
    do {
      try await body(connection)
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }
}
