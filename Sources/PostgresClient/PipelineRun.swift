import CPostgres
import SQLText

/// One exchange in pipeline mode: what was sent, what is still to be answered, what came back.
struct PipelineRun {
  /// An answer libpq will give, in this order.
  private enum Expected {
    case prepare(batch: Int, place: Int, text: String)
    case statement(batch: Int, place: Int, text: String)
    case sync
    case guardStatement
  }

  private struct Progress {
    var results: [QueryResult] = []
    var error: PostgresError?
    var failedAt = 0
  }

  private let session: Session
  private let batches: [[SQL]]
  private let prepare: Bool
  private var unsent: ArraySlice<Int>
  private var expected: [Expected] = []
  private var answered = 0
  private var gotResult = false
  private var progress: [Progress]
  private(set) var broken: PostgresError?

  init(_ session: Session, _ batches: [[SQL]], prepare: Bool) {
    self.session = session
    self.batches = batches
    self.prepare = prepare
    unsent = ArraySlice(batches.indices)
    progress = Array(repeating: Progress(), count: batches.count)
  }

  private var conn: OpaquePointer { session.conn }
  private var finished: Bool { broken != nil || (unsent.isEmpty && answered == expected.count) }

  /// Sends and reads side by side: were everything sent first, both ends could wait with full buffers.
  mutating func exchange() {
    while !finished {
      if expected.count - answered < 200 { sendNext() }
      let flushed = PQflush(conn)
      // What the server said before it went may have arrived already.
      if flushed < 0 { _ = PQconsumeInput(conn) }
      readAvailable()
      if flushed < 0 { return fail() }
      if finished || (!unsent.isEmpty && flushed == 0 && expected.count - answered < 200) { continue }
      _ = Session.waitFor(PQsocket(conn), write: flushed > 0, milliseconds: -1, alsoRead: true)
      if PQconsumeInput(conn) == 0 {
        readAvailable()
        return fail()
      }
    }
  }

  // MARK: Sending

  private mutating func sendNext() {
    guard let batch = unsent.popFirst() else { return }
    if batch > 0, !endsItself(batch - 1) {
      guard PQsendQueryParams(conn, "ROLLBACK", 0, nil, nil, nil, nil, 0) == 1 else { return fail() }
      expected.append(.guardStatement)
      sync()
    }
    for (place, sql) in batches[batch].enumerated() where broken == nil {
      // Behind its own Sync a COMMIT is executed whatever came before: a failed transaction is rolled back by it.
      if endsItself(batch), place == batches[batch].count - 1 { sync() }
      if broken == nil { send(sql, batch, place) }
    }
    if broken == nil { sync() }
  }

  private func endsItself(_ batch: Int) -> Bool { batches[batch].count > 1 && batches[batch].last?.text == "COMMIT" }

  private mutating func sync() {
    guard PQpipelineSync(conn) == 1 else { return fail() }
    expected.append(.sync)
  }

  private mutating func send(_ sql: SQL, _ batch: Int, _ place: Int) {
    let text = sql.text, binds = sql.binds, count = CInt(binds.count)
    let sent: CInt
    switch prepare ? session.prepared.use(text, batch: batch) : .unnamed {
    case .unnamed:
      sent = withCStrings(binds) { PQsendQueryParams(conn, text, count, nil, $0, nil, nil, 0) }
    case .execute(let name):
      sent = withCStrings(binds) { PQsendQueryPrepared(conn, name, count, $0, nil, nil, 0) }
    case .prepare(let name):
      guard PQsendPrepare(conn, name, text, 0, nil) == 1 else { return fail() }
      expected.append(.prepare(batch: batch, place: place, text: text))
      sent = withCStrings(binds) { PQsendQueryPrepared(conn, name, count, $0, nil, nil, 0) }
    }
    guard sent == 1 else { return fail() }
    expected.append(.statement(batch: batch, place: place, text: text))
  }

  // MARK: Reading

  /// Takes every answer that has arrived. libpq gives each statement's result and then a NULL; a Sync has no NULL.
  private mutating func readAvailable() {
    var nulls = 0
    while answered < expected.count, broken == nil, PQisBusy(conn) == 0 {
      guard let result = PQgetResult(conn) else {
        nulls += 1
        if gotResult { (gotResult, answered) = (false, answered + 1) } else if nulls > 2 { return }
        // A connection that is gone may have left many answers behind.
        if !session.isOpen, nulls > 1 { return fail() }
        continue
      }
      nulls = 0
      take(result)
      PQclear(result)
    }
  }

  private mutating func take(_ result: OpaquePointer) {
    let status = PQresultStatus(result)
    if status == PGRES_PIPELINE_SYNC {
      if case .sync = expected[answered] { answered += 1 }
      return
    }
    switch expected[answered] {
    case .prepare(let batch, let place, let text):
      gotResult = true
      if status == PGRES_COMMAND_OK { return session.prepared.confirm(text) }
      session.prepared.forget(text)
      note(result, status, batch, place, text)
    case .statement(let batch, let place, let text):
      gotResult = true
      note(result, status, batch, place, text)
    case .guardStatement:
      gotResult = true
      if status != PGRES_COMMAND_OK { note(result, status, nil, 0, "ROLLBACK") }
    case .sync:
      // An error at the Sync itself: the implicit transaction of the batch could not be committed.
      if status == PGRES_FATAL_ERROR { failAtSync(result) }
    }
  }

  private mutating func note(
    _ result: OpaquePointer, _ status: ExecStatusType, _ batch: Int?, _ place: Int, _ text: String
  ) {
    guard status != PGRES_PIPELINE_ABORTED else { return }
    do throws(PostgresError) {
      let outcome = try session.read(result, statement: text)
      if let batch, progress[batch].error == nil { progress[batch].results.append(outcome) }
    } catch {
      session.prepared.learn(from: error, text: text)
      if let batch, progress[batch].error == nil {
        progress[batch].error = error
        progress[batch].failedAt = place
      }
      if error.kind == .connection || error.kind == .protocolViolation { broken = error }
    }
  }

  private mutating func failAtSync(_ result: OpaquePointer) {
    let error = session.secrets.masked(PostgresError(result: result, conn: conn, statement: nil))
    if let batch = lastStartedBatch, progress[batch].error == nil {
      progress[batch].error = error
      progress[batch].failedAt = max(0, batches[batch].count - 1)
    }
    if error.kind == .connection { broken = error }
  }

  private var lastStartedBatch: Int? {
    for item in expected[..<answered].reversed() {
      if case .statement(let batch, _, _) = item { return batch }
    }
    return nil
  }

  private mutating func fail() {
    if broken == nil { broken = PostgresError(result: nil, conn: conn, statement: nil) }
  }

  // MARK: Outcome

  func outcomes() -> [BatchOutcome] {
    var fatalSeen = false
    return batches.indices.map { batch in
      let done = progress[batch]
      let lost = done.error.map { $0.kind == .connection || $0.kind == .protocolViolation } ?? false
      if let error = done.error, !lost { return .failed(error, at: done.failedAt, completed: done.results) }
      if done.results.count == batches[batch].count { return .done(done.results) }
      let at = done.results.count
      let error = done.error ?? broken ?? PostgresError(.connection, "the connection to the server was lost")
      // The server works in order: what it refused with its last word hides no COMMIT behind it.
      let answered = done.error?.severity != nil
      let unknown = !fatalSeen && (answered ? isCommit(batch, at) : mayCommit(batch, from: at))
      fatalSeen = fatalSeen || answered
      return .failed(unknown ? error.afterCommitWasSent() : error, at: at, completed: done.results)
    }
  }

  private func mayCommit(_ batch: Int, from place: Int) -> Bool {
    batches[batch].indices.contains { $0 >= place && isCommit(batch, $0) }
  }

  /// COMMIT in any spelling, or a statement outside a transaction block, which commits by itself.
  private func isCommit(_ batch: Int, _ place: Int) -> Bool {
    guard batches[batch].indices.contains(place) else { return false }
    let word = firstWord(batches[batch][place])
    if word == "COMMIT" || word == "END" { return true }
    let opened = batches[batch][...place].contains { ["BEGIN", "START"].contains(firstWord($0)) }
    let closes = batches[batch][place...].contains { ["COMMIT", "END"].contains(firstWord($0)) }
    return !opened && !closes && word != "SELECT" && word != "BEGIN" && word != "START"
  }

  private func firstWord(_ sql: SQL) -> String {
    String(sql.text.drop { $0.isWhitespace }.prefix { $0.isLetter }).uppercased()
  }
}
