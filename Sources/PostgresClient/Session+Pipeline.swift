import CPostgres
import SQLText

extension Session {
  /// Runs batches without waiting between them. A batch ends with a Sync; one that leaves a failed or open transaction
  /// is rolled back before the next starts, so each fails alone.
  func pipeline(_ batches: [[SQL]], prepare: Bool) throws(PostgresError) -> [BatchOutcome] {
    for sql in batches.joined() { try refuseZeroBytes(sql.text, sql.binds) }
    guard PQsetnonblocking(conn, 1) == 0, PQenterPipelineMode(conn) == 1 else {
      throw PostgresError(result: nil, conn: conn, statement: nil)
    }
    notices.mute(batches.count > 1)
    var run = PipelineRun(self, batches, prepare: prepare)
    run.exchange()
    if isOpen { PQexitPipelineMode(conn) }
    if isOpen { PQsetnonblocking(conn, 0) }
    notices.mute(false)
    let outcomes = run.outcomes()
    if isOpen, outcomes.last?.error != nil { rollback() }
    return outcomes
  }

  /// One statement as a named one: parsed once per connection.
  func preparedQuery(_ sql: SQL) throws(PostgresError) -> QueryResult {
    let text = sql.text, binds = sql.binds
    try refuseZeroBytes(text, binds)
    let name: String
    switch prepared.use(text, always: true) {
    case .unnamed: return try query(sql)
    case .execute(let known): name = known
    case .prepare(let new):
      name = new
      let result = PQprepare(conn, new, text, 0, nil)
      defer { PQclear(result) }
      guard PQresultStatus(result) == PGRES_COMMAND_OK else {
        prepared.forget(text)
        throw PostgresError(result: result, conn: conn, statement: text)
      }
    }
    let result = withCStrings(binds) { PQexecPrepared(conn, name, CInt(binds.count), $0, nil, nil, 0) }
    defer { PQclear(result) }
    do throws(PostgresError) {
      return try read(result, statement: text)
    } catch {
      prepared.learn(from: error, text: text)
      throw error
    }
  }
}
