import Journal
import JSONText
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// The same transaction again and again; the cursor is committed with the work, so each row is changed exactly once.
struct ChunkedInterpreter {
  let context: TaskContext
  let work: ChunkedWork

  private struct Position {
    var cursor: String?
    var chunks: Int64
    var rows: Double
  }

  func run(on connection: Connection) async throws {
    var place = Position(
      cursor: context.task.cursor?.text, chunks: context.task.chunks, rows: context.task.doneRows)
    var sizer = ChunkSizer(
      start: work.size, largest: work.largestSize, target: work.target.duration)
    let total = try await estimate(on: connection)
    let throttle = ThrottleGate(context.policy.throttle)
    while true {
      try await wait(for: throttle, on: connection)
      let started = ContinuousClock.now
      let (rows, more) = try await context.budget.guarding(connection) { [place, size = sizer.size] in
        try await chunk(place, size: size, on: connection)
      }
      place.rows += rows.count
      place.cursor = rows.cursor
      place.chunks += 1
      context.report(.progress(step: context.step.id, done: place.rows, total: total, unit: "rows", note: nil))
      guard more else { return }
      sizer.note(rows: Int(rows.count), took: ContinuousClock.now - started)
      if context.workshop.stop.isRequested { throw Interrupted() }
    }
  }

  private func estimate(on connection: Connection) async throws -> Double? {
    if let total = context.task.totalRows { return total }
    guard let query = work.total else { return nil }
    return try await connection.query(query).value.flatMap(Double.init)
  }

  private func wait(for throttle: ThrottleGate, on connection: Connection) async throws {
    while let reason = try await throttle.reason(on: connection) {
      context.report(.stepState(step: context.step.id, state: "running", note: "throttled: \(reason)"))
      await context.workshop.stop.sleep(milliseconds: 500)
      if context.workshop.stop.isRequested { throw Interrupted() }
    }
  }

  /// One chunk: fence, work, cursor, COMMIT. `more` is false when the cursor came back NULL or `until` is true.
  private func chunk(
    _ place: Position, size: Int, on connection: Connection
  ) async throws -> ((cursor: String?, count: Double), more: Bool) {
    do {
      let results = try await connection.batch(await opening(place, size: size, on: connection))
      guard let row = results.last(where: { !$0.rows.isEmpty || work.until == nil })?.rows.first ?? results.last?.rows.first
      else { throw EngineError(.failed, "the chunk's last statement returned no row", step: context.step.id) }
      let answer = work.until == nil ? row : results[results.count - 2].rows.first ?? row
      let cursor = answer[0], rows = answer[1].flatMap(Double.init) ?? 0
      let more = cursor != nil && !(work.until != nil && results.last?.value == "t")
      try await commit(cursor: cursor ?? place.cursor, rows: rows, more: more, on: connection)
      return ((cursor, rows), more)
    } catch {
      if !(error is CommitUnknown) { await connection.rollback() }
      throw error
    }
  }

  private func opening(_ place: Position, size: Int, on connection: Connection) async -> [SQL] {
    var batch: [SQL] = ["BEGIN"]
    batch += await connection.openingStatements(
      lockTimeout: context.lockTimeout, statementTimeout: context.policy.statementLimit ?? .zero)
    batch.append(JournalSQL.prologue(context.key))
    batch += work.settings.map { "SELECT set_config(\($0.name), \($0.value), true)" }
    if let role = context.workshop.target.address.role { batch.append("SET LOCAL ROLE \(id: role)") }
    let slice = context.task.bounds?.text
    batch += work.statements.map { ChunkStatement($0).sql(cursor: place.cursor, size: size, slice: slice) }
    if let until = work.until { batch.append(until) }
    return batch
  }

  private func commit(cursor: String?, rows: Double, more: Bool, on connection: Connection) async throws {
    do {
      _ = try await connection.batch([
        "RESET ROLE", JournalSQL.chunkDone(context.key, cursor: cursor, rows: rows, more: more), "COMMIT",
      ])
    } catch let error as PostgresError where error.isConnectionLoss {
      throw CommitUnknown(error: error)
    }
  }
}
