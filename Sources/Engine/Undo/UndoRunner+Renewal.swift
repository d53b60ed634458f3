import Journal
import JSONText
import PlanModel
import PluginAPI
import RunModel

extension UndoRunner {
  /// A reverse phase that met another catalog than it was compiled for is compiled again, if what it did leaves nothing.
  func renew(_ program: StoredProgram) async throws {
    let tasks = try await ledger.tasks(step.id).filter { $0.phase == program.phase && $0.attempt == program.attempt }
    for forward in tasks where forward.direction == .forward {
      guard case .recompile(let phase)? = program.operation(of: forward)?.undo else { continue }
      let undo = tasks.filter { $0.undoes == forward.task }
      let rounds = try await reverses(phase, program)
      guard undo.contains(where: { !$0.isFinished }), let last = rounds.last,
        leavesNothing(undo, of: last, Self.prefix(forward, round: rounds.count))
      else { continue }
      let compiled = try await compileReverse(phase, program)
      let fresh = compiled.program.operations.map { $0.prefixed(Self.prefix(forward, round: rounds.count + 1)) }
      _ = try await ledger.together([
        JournalSQL.leaveUndo(holding, of: forward.task),
        try ledger.reverse(compiled, for: holding, phase: program.phase),
        JournalSQL.insertTasks(
          holding, phase: program.phase, program: program.attempt,
          tasks: .array(fresh.flatMap(\.leaves).map { $0.task(undoes: forward.task) })),
      ])
    }
  }

  private func leavesNothing(_ undo: [TaskRecord], of reverse: StoredProgram, _ prefix: String) -> Bool {
    undo.filter { $0.hasBegun && $0.operation.hasPrefix(prefix) }.allSatisfy { task in
      let id = String(task.operation.dropFirst(prefix.count))
      return task.isFinished && reverse.operations.flatMap(\.leaves).first { $0.id == id }?.undo == .nothing
    }
  }
}

extension StoredProgram {
  /// The leaf a task carries out.
  func operation(of task: TaskRecord) -> Operation? { operations.flatMap(\.leaves).first { $0.id == task.operation } }
}
