import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// The same transaction again and again; the cursor is committed with the work, so each row is changed exactly once.
struct ChunkedInterpreter {
  let context: TaskContext
  let work: ChunkedWork

  private struct Chunk {
    var cursor: JSON?
    var rows: Int
    var more: Bool
    var commit = Duration.zero
  }

  func run(on connection: Connection) async throws {
    var cursor = context.task.cursor
    var chunks = context.task.chunks
    var done = context.task.rowsDone
    // Fewer rows than that save no time: what a transaction costs by itself is the rest.
    var sizer = ChunkSizer(
      start: context.pace.rows ?? work.size, smallest: min(work.size, 16), largest: work.largestSize, target: work.target.duration)
    let total = try await estimate(on: connection)
    let throttle = ThrottleGate(context.policy.throttle)
    // A chunk's COMMIT is over only when its record is written: it counts with the next one. Being held back counts with none.
    var commit = Duration.zero
    while true {
      try await throttle.wait(context.workshop, context.step) { try await throttle.reason(on: connection) }
      let started = ContinuousClock.now
      let chunk = try await chunk(after: cursor, number: chunks, size: sizer.size, began: started - commit, on: connection)
      commit = chunk.commit
      chunks += 1
      done += Double(chunk.rows)
      cursor = chunk.cursor ?? cursor
      context.report(.progress(step: context.step.id, done: done, total: total, unit: "rows", note: nil))
      guard chunk.more else { return }
      // A cursor means that the window was full, however few rows of it had to change.
      let took = ContinuousClock.now - started
      sizer.note(rows: sizer.size, took: took)
      context.pace.rows = sizer.size
      if context.workshop.stop.isRequested { throw Interrupted() }
      try await throttle.rest(after: took, context.workshop, context.step)
    }
  }

  private func estimate(on connection: Connection) async throws -> Double? {
    if let total = context.task.rowsTotal { return total }
    guard let query = work.total else { return nil }
    return try await connection.query(query).value.flatMap(Double.init)
  }

  /// One chunk: fence, work, cursor, COMMIT. It is the last when the cursor comes back NULL or `until` is true.
  private func chunk(
    after cursor: JSON?, number: Int64, size: Int, began: ContinuousClock.Instant, on connection: Connection
  ) async throws -> Chunk {
    let transaction = WorkTransaction(
      context: context, isolation: work.isolation, entry: work.entry, settings: work.settings,
      statementTimeout: context.policy.statementLimit ?? .zero, chunks: number)
    let slice = context.task.bounds?.text
    let statements = work.statements.map { ChunkStatement($0).sql(cursor: cursor?.text, size: size, slice: slice) }
    let results = try await transaction.run(statements + (work.until.map { [$0] } ?? []), on: connection)
    do {
      var chunk = try read(results)
      let ended = ContinuousClock.now
      let record = JournalSQL.chunkDone(
        context.holding, task: context.task.task, cursor: chunk.cursor ?? cursor, rows: chunk.rows, more: chunk.more,
        spent: (ended - began).inSeconds)
      try await transaction.commit(record, on: connection)
      chunk.commit = ContinuousClock.now - ended
      return chunk
    } catch {
      await connection.rollback()
      throw error
    }
  }

  private func read(_ results: [QueryResult]) throws -> Chunk {
    guard let row = results[work.statements.count - 1].rows.first else {
      throw EngineError(
        .failed, "the chunk's last statement returned no row", step: context.step.id, operation: context.operation.title)
    }
    let ended = work.until != nil && results.last?.value == "t"
    let cursor = try row[0].map { try JSON(parsing: $0) }
    return Chunk(cursor: cursor, rows: row[1].flatMap { Int($0) } ?? 0, more: cursor != nil && !ended)
  }
}
