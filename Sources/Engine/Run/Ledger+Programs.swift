import FoundationEssentials
import Journal
import JSONText
import PlanModel
import PluginAPI
import RunModel
import SQLText

/// A program as the journal keeps it.
struct StoredProgram: Sendable {
  let attempt: Int
  let operations: [Operation]
  let carry: JSON
}

extension Ledger {
  /// The latest program of a phase.
  func program(_ step: String, phase: Int, direction: Direction = .forward) async throws -> StoredProgram? {
    let rows = try await query(JournalSQL.programs(run: run, step: step))
    let records = try rows.map(ProgramRecord.init).filter { $0.phase == phase && $0.direction == direction }
    guard let record = records.max(by: { $0.attempt < $1.attempt }) else { return nil }
    return StoredProgram(
      attempt: record.attempt, operations: try OperationText.operations(record.operations), carry: record.carry)
  }

  /// Committed before the first operation runs; a task row for each leaf.
  func store(
    _ program: Program, for holding: StepKey, phase: Int, name: String, digest: [UInt8], direction: Direction = .forward
  ) async throws -> StoredProgram {
    let before = try await self.program(holding.step, phase: phase, direction: direction)?.attempt ?? 0
    let attempt = before + 1
    let results = try await together([
      JournalSQL.insertProgram(
        holding, phase: phase, attempt: attempt, name: name, operations: try OperationText.text(program.operations),
        undo: JSON.null.text, carry: program.carry, factsDigest: digest,
        findings: program.findings.map { ["code": .string($0.code), "severity": .string($0.severity.rawValue)] },
        direction: direction),
      JournalSQL.insertTasks(
        holding, phase: phase, attempt: attempt, tasks: program.leaves.map { NewTask($0) }, direction: direction),
    ])
    guard !results[1].rows.isEmpty else { throw Replaced() }
    return StoredProgram(attempt: attempt, operations: program.operations, carry: program.carry)
  }

  /// All of them or none; polled, never waited for inside a statement.
  func takeResources(_ program: Program, for holding: StepKey) async throws {
    let resources = Set(program.leaves.flatMap(\.resources)).sorted { $0.name < $1.name }
    guard !resources.isEmpty else { return }
    guard try await query(JournalSQL.hold(holding, resources)).first?[0] == "t" else {
      throw ResourcesTaken(names: resources.map(\.name))
    }
  }

  /// Evaluates the slices query and gives each slice a task of its own; the drawing task is done in the same transaction.
  func drawSlices(
    _ query: SQL, for task: TaskRecord, of operation: Operation, step: PlanStep, fence: Int64
  ) async throws {
    let rows = try await self.query(query)
    let slices = try rows.enumerated().map { place, row in
      NewTask(
        operation, slice: place + 1, bounds: try row[0].map { try JSON(parsing: $0) } ?? .null,
        total: row[1].flatMap(Double.init))
    }
    let holding = StepKey(run: run, step: step.id, fence: fence)
    try await together([
      JournalSQL.insertTasks(
        holding, phase: task.phase, attempt: task.attempt, tasks: slices, direction: task.direction),
      JournalSQL.taskSkipped(TaskKey(holding, task: task.task)),
    ])
  }
}

/// Operations as JSON text: Codable, so that what the journal holds is what runs.
enum OperationText {
  static func text(_ operations: [Operation]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    return String(decoding: try encoder.encode(operations), as: UTF8.self)
  }

  static func operations(_ json: JSON) throws -> [Operation] {
    try JSONDecoder().decode([Operation].self, from: Data(json.text.utf8))
  }
}
