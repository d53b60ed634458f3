import CPostgres
import SQLText

extension Session {
  /// Runs batches without waiting between them. A batch ends with a Sync; one that leaves a failed or open transaction
  /// is rolled back before the next starts, so each fails alone.
  func pipeline(_ batches: [[SQL]], prepare: Bool) throws(PostgresError) -> [BatchOutcome] {
    var batches = batches
    for batch in batches.indices {
      for place in batches[batch].indices { batches[batch][place] = try secrets.resolved(batches[batch][place]) }
    }
    for sql in batches.joined() { try refuseZeroBytes(sql.text, sql.binds) }
    guard PQsetnonblocking(conn, 1) == 0, PQenterPipelineMode(conn) == 1 else {
      throw PostgresError(result: nil, conn: conn, statement: nil)
    }
    notices.mute(batches.count > 1)
    var run = PipelineRun(self, batches, prepare: prepare)
    run.exchange()
    if run.broken != nil { lost = true }
    if isOpen { PQexitPipelineMode(conn) }
    if isOpen { PQsetnonblocking(conn, 0) }
    notices.mute(false)
    let outcomes = run.outcomes()
    if isOpen, outcomes.last?.error != nil { rollback() }
    return outcomes
  }

  /// One statement as a named one: parsed once per connection.
  func preparedQuery(_ sql: SQL) throws(PostgresError) -> QueryResult {
    let sql = try secrets.resolved(sql)
    let text = sql.text, binds = sql.binds
    try refuseZeroBytes(text, binds)
    let name: String
    switch prepared.use(text, always: true) {
    case .unnamed: return try query(sql)
    case .execute(let known): name = known
    case .prepare(let new):
      name = new
      do throws(PostgresError) {
        _ = try one(PQsendPrepare(conn, new, text, 0, nil), statement: text)
        prepared.confirm(text)
      } catch {
        prepared.forget(text)
        throw error
      }
    }
    do throws(PostgresError) {
      let sent = withCStrings(binds) { PQsendQueryPrepared(conn, name, CInt(binds.count), $0, nil, nil, 0) }
      return try one(sent, statement: text)
    } catch {
      prepared.learn(from: error, text: text)
      throw error
    }
  }
}
