import Digest
import Journal
import JSONText
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// A program as the journal keeps it.
struct StoredProgram: Sendable {
  let phase: Int
  /// Number within its phase.
  let attempt: Int
  let direction: Direction
  /// Of the phase it was compiled from.
  let name: String
  let operations: [Operation]
  let carry: JSON
}

extension Ledger {
  /// Every program of a step, oldest first.
  func programs(_ step: String) async throws -> [StoredProgram] {
    try await records { [run] in try await $0.programs(run: run, step: step) }.map { record in
      StoredProgram(
        phase: record.phase, attempt: record.attempt, direction: record.direction, name: record.name,
        operations: try OperationText.operations(record.operations), carry: record.carry)
    }
  }

  /// The latest forward program of a phase.
  func program(_ step: String, phase: Int) async throws -> StoredProgram? {
    try await programs(step).last { $0.phase == phase && $0.direction == .forward }
  }

  /// Committed before the first operation runs; a task row for each leaf.
  func store(_ compiled: CompiledPhase, for holding: Holding, phase: Int) async throws -> StoredProgram {
    let program = compiled.program
    let row = try await write(
      JournalSQL.insertProgram(
        holding, phase: phase, name: compiled.phase, operations: try OperationText.json(program.operations),
        carry: program.carry, factsDigest: Hexadecimal.text(compiled.factsDigest),
        findings: .array(program.findings.map(\.json)), tasks: .array(program.leaves.map { $0.task() }),
        relations: compiled.footprint.json))
    return StoredProgram(
      phase: phase, attempt: try row.int("attempt"), direction: holding.direction, name: compiled.phase,
      operations: program.operations,
      carry: program.carry)
  }

  /// A reverse phase; its tasks are the undo tasks of the forward program.
  func reverse(_ compiled: CompiledPhase, for holding: Holding, phase: Int) throws -> SQL {
    JournalSQL.insertProgram(
      holding, phase: phase, name: compiled.phase, operations: try OperationText.json(compiled.program.operations),
      carry: compiled.program.carry, factsDigest: Hexadecimal.text(compiled.factsDigest), tasks: [])
  }

  /// All of them or none; polled, never waited for inside a statement.
  func takeResources(_ operations: [Operation], for holding: Holding) async throws {
    let resources = Resource.merged(operations.flatMap(\.everyLeaf).flatMap(\.held))
    guard !resources.isEmpty else { return }
    _ = try await query(JournalSQL.ensureResources(resources.map(\.name)))
    guard try await query(JournalSQL.hold(holding, resources)).first?[0] == "t" else {
      throw ResourcesTaken(names: resources.map(\.name))
    }
  }

  /// Evaluates the slices query and gives each slice a task of its own; the drawing task ends in the same transaction.
  func drawSlices(_ slices: SQL, for task: TaskRecord, of operation: Operation, holding: Holding) async throws {
    let rows = try await query(slices)
    let tasks = try rows.enumerated().map { place, row in
      operation.task(
        slice: place + 1, bounds: try row[0].map { try JSON(parsing: $0) } ?? .null, total: row[1].flatMap { Int64($0) })
    }
    let results = try await together([
      JournalSQL.insertTasks(holding, phase: task.phase, program: task.attempt, tasks: .array(tasks)),
      JournalSQL.taskSkipped(holding, task: task.task, reason: "drew \(tasks.count) slices"),
    ])
    // BEGIN and COMMIT, which have no rows, stand around them.
    guard results.dropFirst().dropLast().allSatisfy({ !$0.rows.isEmpty }) else { throw Replaced() }
  }
}

extension Operation {
  /// The journal's row for a leaf, or for one slice of it.
  func task(slice: Int = 0, bounds: JSON = .null, total: Int64? = nil, undoes: Int? = nil) -> JSON {
    [
      "operation": .string(id), "kind": .string(work.kind), "title": .string(title), "slice": .int(Int64(slice)),
      "pace": .string(pace.rawValue), "bounds": bounds, "total": total.map(JSON.int) ?? .null, "undoes": undoes.map { .int(Int64($0)) } ?? .null,
    ]
  }
}

extension Finding {
  var json: JSON { ["severity": .string(severity.rawValue), "code": .string(code), "message": .string(message)] }
}

/// Operations as JSON: Codable, so that what the journal holds is what runs.
enum OperationText {
  static func json(_ operations: [Operation]) throws -> JSON { try JSON(encoding: operations) }

  static func operations(_ json: JSON) throws -> [Operation] { try json.decoded() }
}
