import Glibc
import Journal
import JSONText
import PlanModel
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// Queries streamed to private files in one snapshot. What a killed try left is removed, then it starts again.
struct ExportInterpreter {
  let context: TaskContext
  let work: ExportWork

  private var layout: ExportLayout { ExportLayout(work, folder: context.workshop.folder) }

  /// Stands in the manifest: a finished export whose record was lost is known by it.
  private var identity: String { "\(context.run)/\(context.step.id)/\(context.task.task)" }

  func run(on connection: Connection) async throws {
    if try await settle(on: connection) == .complete { return }
    let intent: JSON = ["path": .string(layout.path), "queries": .int(Int64(work.queries.count))]
    try await connection.fenced(JournalSQL.intent(context.holding, task: context.task.task, intent))
    try layout.removePartial()
    if layout.isThere {
      throw EngineError(
        .failed, "\(layout.path) is there already", hint: "an export replaces nothing: move it away, then resume",
        step: context.step.id, operation: context.operation.title)
    }
    let manifest: ExportManifest
    do {
      manifest = try await snapshot(on: connection)
      try layout.publish()
    } catch {
      await connection.rollback()
      try? layout.removePartial()
      throw explained(error)
    }
    let result = manifest.result(path: layout.path)
    try await connection.fenced(JournalSQL.intentDone(context.holding, task: context.task.task, result: result))
  }

  /// After a crash: done when the manifest at its place is this task's, otherwise as if it had not begun.
  @discardableResult
  func settle(on connection: Connection) async throws -> ProbeVerdict {
    guard context.isInDoubt else { return .absent }
    try layout.removePartial()
    try await context.decide(.absent, on: connection)
    guard let manifest = try? ExportManifest(reading: layout.manifest), manifest.export == identity else { return .absent }
    try await context.record(manifest.result(path: layout.path), on: connection)
    return .complete
  }

  private func snapshot(on connection: Connection) async throws -> ExportManifest {
    let token = connection.cancelToken
    let key = context.workshop.inFlight.begin(step: context.step.id, pid: Int(connection.backendPID))
    let quiet = context.workshop.stop.canceling(token)
    defer {
      context.workshop.inFlight.end(key)
      quiet()
    }
    var opening: [SQL] = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
    opening += connection.openingStatements(lockTimeout: context.lockTimeout, statementTimeout: context.statementTimeout)
    if let role = context.workshop.target.address.role { opening.append("SET LOCAL ROLE \(id: role)") }
    try await connection.batch(opening + work.prelude)
    let step = context.step.id, report = context.workshop.reporter
    let writer = ExportWriter(work: work, layout: layout, export: identity) { rows in
      report(.progress(step: step, done: Double(rows), total: nil, unit: "rows", note: nil))
    }
    let manifest = try await writer.write(from: connection)
    try await connection.batch(["COMMIT"])
    return manifest
  }

  private func explained(_ error: any Error) -> any Error {
    guard var error = error as? EngineError else { return error }
    error.operation = context.operation.title
    return error.at(step: context.step.id)
  }

  // MARK: Taking back

  /// Removes what it wrote. What somebody has changed since stays, and is named.
  func undo() throws {
    try layout.removePartial()
    guard let recorded = context.task.result?["manifest"]?.string else { return }
    guard let manifest = try? ExportManifest(reading: layout.manifest) else {
      // Killed between the manifest and its folder: rmdir takes an empty one only.
      if layout.isFolder { rmdir(layout.path) }
      return
    }
    var changed = manifest.result(path: layout.path)["manifest"]?.string == recorded ? [] : [layout.manifest]
    for file in manifest.files {
      let path = layout.finished(file.name)
      guard access(path, F_OK) == 0 else { continue }
      if try ExportManifest.digest(of: path) == file.sha256 { continue }
      changed.append(path)
    }
    guard changed.isEmpty else { return say("was changed since it was exported and is left: \(changed.joined(separator: ", "))") }
    // The manifest last: with it a rollback that was killed knows what is still to be removed.
    for file in manifest.files { try ExportLayout.remove(layout.finished(file.name)) }
    if layout.isFolder { try ExportLayout.remove(layout.sums) }
    if layout.isFolder, !ExportLayout.names(in: layout.path).allSatisfy({ $0 == "manifest.json" }) {
      say("holds files that are not of the export and is left: \(layout.path)")
    }
    try ExportLayout.remove(layout.manifest)
    if layout.isFolder { rmdir(layout.path) }
  }

  private func say(_ text: String) { context.report(.notice(step: context.step.id, text: "\(context.operation.title) \(text)")) }
}
