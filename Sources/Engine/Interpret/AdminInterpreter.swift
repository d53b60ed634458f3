import Journal
import JSONText
import PluginAPI
import PostgresClient
import RunModel

/// A command on the pooler's console. At least once: after a crash the probe is asked, and without one it runs again.
struct AdminInterpreter {
  let context: TaskContext
  let work: AdminWork

  private var console: AdminConsole {
    AdminConsole(secrets: context.workshop.secrets, work: work)
  }

  func run(on connection: Connection) async throws {
    if context.isInDoubt {
      let isSo = try await console.isSo() ?? false
      if try await context.decide(isSo ? .complete : .absent, on: connection) == .complete { return }
    }
    let intent: JSON = ["command": .string(work.command), "console": .string(work.console.description)]
    try await connection.fenced(JournalSQL.intent(context.holding, task: context.task.task, intent))
    do {
      try await console.run()
    } catch var error as EngineError {
      error.operation = context.operation.title
      throw error
    }
    try await connection.fenced(JournalSQL.intentDone(context.holding, task: context.task.task))
  }

  /// For a rollback: what is not known to be absent counts as done.
  func settle(on connection: Connection) async throws {
    let isSo = try await console.isSo() ?? true
    try await context.decide(isSo ? .complete : .absent, on: connection)
  }
}
