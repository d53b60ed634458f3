import ChildProcess
import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel

/// A program without a shell. At least once: after a crash the probe is asked, unless running it again is harmless.
struct ProcessInterpreter {
  let context: TaskContext
  let work: ProcessWork

  func run(on connection: Connection) async throws {
    if context.task.state == .intent {
      try await connection.fenced(JournalSQL.intentInDoubt(context.holding, task: context.task.task))
    }
    if context.task.state == .inDoubt || context.task.state == .intent {
      let verdict = try await verdict(withoutProbe: .absent)
      try await connection.fenced(JournalSQL.inDoubtDecided(context.holding, task: context.task.task, verdict))
      if verdict == .complete { return }
    }
    // A server that lost its last commits may have lost this intent too: who has a probe is asked.
    if context.task.state == .pending, work.probe != nil, try await verdict() == .complete {
      try await connection.fenced(JournalSQL.taskDone(context.holding, task: context.task.task, result: ["probe": "complete"]))
      return
    }
    let intent: JSON = ["program": .string(work.arguments.first ?? "")]
    try await connection.fenced(JournalSQL.intent(context.holding, task: context.task.task, intent))
    try await execute()
    try await connection.fenced(JournalSQL.intentDone(context.holding, task: context.task.task))
  }

  /// What the probe says; `withoutProbe`, where running it again, or taking it back in vain, does no harm.
  func verdict(withoutProbe: ProbeVerdict) async throws -> ProbeVerdict {
    if let probe = work.probe {
      return try await command(probe, timeout: .seconds(60)).run().succeeded ? .complete : .absent
    }
    guard work.idempotent else {
      throw NeedsPerson(
        reason: "\(context.operation.title) may have run: it has no probe and is not declared idempotent")
    }
    return withoutProbe
  }

  private func execute() async throws {
    let output = try await command(work.arguments, timeout: work.timeout.duration).run()
    for line in output.text.split(separator: "\n").prefix(50) {
      context.report(.notice(step: context.step.id, text: String(line)))
    }
    guard !output.succeeded else { return }
    throw EngineError(
      .failed, "\(work.arguments.first ?? "program") ended with \(output.timedOut ? "its timeout" : output.status.description)",
      hint: output.errorText.split(separator: "\n").last.map(String.init), step: context.step.id,
      operation: context.operation.title)
  }

  private func command(_ arguments: [String], timeout: Duration) -> Command {
    Command(arguments, directory: context.workshop.folder, timeout: timeout)
  }
}
