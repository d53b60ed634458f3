import ChildProcess
import Journal
import JSONText
import PluginAPI
import PostgresClient

/// A program without a shell. At least once: after a crash the probe is asked, unless running it again is harmless.
struct ProcessInterpreter {
  let context: TaskContext
  let work: ProcessWork

  func run(on connection: Connection) async throws {
    if context.task.state == .inDoubt || context.task.state == .intent {
      if try await alreadyDone() { return try await record(on: connection, status: "found done by its probe") }
      guard work.idempotent || work.probe != nil else {
        throw NeedsPerson(reason: "\(context.operation.title) may have run: it has no probe and is not declared idempotent")
      }
      try await connection.fenced(JournalSQL.inDoubtDecided(context.key, "absent"))
    }
    try await connection.fenced(JournalSQL.intent(context.key, statement: work.arguments.first ?? ""))
    let result = try await ChildProcess.run(
      work.arguments, folder: context.workshop.folder, timeout: .milliseconds(work.timeout.milliseconds))
    guard result.succeeded else {
      throw EngineError(
        .failed, "\(work.arguments.first ?? "program") ended with \(result.ending)",
        hint: result.errorText.split(separator: "\n").last.map(String.init), step: context.step.id,
        operation: context.operation.title)
    }
    for line in result.text.split(separator: "\n").prefix(50) {
      context.report(.notice(step: context.step.id, text: String(line)))
    }
    try await record(on: connection, status: "exit status 0")
  }

  private func alreadyDone() async throws -> Bool {
    guard let probe = work.probe else { return false }
    return try await ChildProcess.run(probe, folder: context.workshop.folder, timeout: .seconds(60)).succeeded
  }

  private func record(on connection: Connection, status: String) async throws {
    let statement = context.task.state == .inDoubt && status != "exit status 0"
      ? JournalSQL.inDoubtDecided(context.key, "complete")
      : JournalSQL.intentDone(context.key, result: ["status": .string(status)])
    try await connection.fenced(statement)
  }
}
