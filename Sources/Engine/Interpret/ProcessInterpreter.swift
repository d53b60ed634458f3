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
    await endOrphans()
    if context.isInDoubt, try await context.decide(try await verdict(), on: connection) == .complete { return }
    // A server that lost its last commits may have lost this intent too: who has a probe is asked.
    if context.task.state == .pending, try await program.isDone() == true {
      return try await context.record(["probe": "complete"], on: connection)
    }
    let intent: JSON = ["program": .string(work.arguments.first ?? "")]
    try await connection.fenced(JournalSQL.intent(context.holding, task: context.task.task, intent))
    let lines = try await execute()
    let evidence = work.evidence.map { JSON.array(lines.prefix($0).map(JSON.string)) }
    try await connection.fenced(
      JournalSQL.intentDone(context.holding, task: context.task.task, result: evidence.map { ["printed": $0] }))
  }

  /// For a rollback: what is not known to be absent counts as done.
  func settle(on connection: Connection) async throws {
    await endOrphans()
    let isDone = try await program.isDone() ?? true
    try await context.decide(isDone ? .complete : .absent, on: connection)
  }

  private func verdict() async throws -> ProbeVerdict {
    if let isDone = try await program.isDone() { return isDone ? .complete : .absent }
    guard work.idempotent else {
      throw NeedsPerson(
        reason: "\(context.operation.title) may have run: it has no probe and is not declared idempotent")
    }
    return .absent
  }

  /// A program outlives a caisson that is killed. It is never run beside itself, nor asked about while it works.
  private func endOrphans() async {
    guard context.isInDoubt else { return }
    let count = await Orphans(WorkProgram.marker, mark).end()
    if count > 0 {
      context.report(.notice(step: context.step.id, text: "`\(context.operation.title)` was still running: ended"))
    }
  }

  private var mark: String { "\(context.run)/\(context.task.task)" }
  private var program: WorkProgram {
    WorkProgram(work: work, folder: context.workshop.folder, own: context.workshop.own, mark: mark)
  }

  private func execute() async throws -> [String] {
    do {
      let lines = try await program.run()
      for line in lines.prefix(50) { context.report(.notice(step: context.step.id, text: line)) }
      return lines
    } catch var error as EngineError {
      error.operation = context.operation.title
      throw error.at(step: context.step.id)
    }
  }
}

/// The program of a `process`, run in the plan's folder.
struct WorkProgram: Sendable {
  let work: ProcessWork
  let folder: String
  var own = OwnProgram()
  /// Which task it belongs to: in its environment.
  var mark: String?

  static let marker = "CAISSON_TASK"

  /// What the probe says; `nil` without one.
  func isDone() async throws -> Bool? {
    guard let probe = work.probe else { return nil }
    return try await Command(
      own.resolved(probe), additions: own.additions(probe), directory: folder, timeout: .seconds(60)
    ).run().succeeded
  }

  /// Its output in lines.
  func run() async throws -> [String] {
    let output = try await Command(
      own.resolved(work.arguments), additions: own.additions(work.arguments).merging(mark.map { [Self.marker: $0] } ?? [:]) { $1 },
      directory: folder, timeout: work.timeout.duration
    ).run()
    guard output.succeeded else {
      throw EngineError(
        .failed,
        "\(work.arguments.first ?? "program") ended with \(output.timedOut ? "its timeout" : output.status.description)",
        hint: output.errorText.split(separator: "\n").last.map(String.init))
    }
    let lines = output.text.split(separator: "\n").map(String.init)
    // What it printed instead may be anything: it is not repeated.
    if let expect = work.expect, lines != [expect] {
      throw EngineError(.failed, "\(work.arguments.first ?? "program") did not print `\(expect)`")
    }
    return lines
  }
}
