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
  /// Nothing more can be sent.
  private var isRefused = false

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
      let flushed = isRefused ? -1 : PQflush(conn)
      if flushed < 0 { return readTheLast() }
      readAvailable()
      if finished || (!unsent.isEmpty && flushed == 0 && expected.count - answered < 200) { continue }
      _ = Session.waitFor(PQsocket(conn), write: flushed > 0, milliseconds: -1, alsoRead: true)
      guard PQconsumeInput(conn) == 1 else { return readTheLast() }
      readAvailable()
    }
  }

  /// What the server said before it went, one read at a time: as soon as libpq meets the end of the stream, it forgets which
  /// answers are to come, also those it has read (measured with 15.18: no result of theirs is ever given).
  private mutating func readTheLast() {
    _ = PQflush(conn)
    readAvailable()
    while broken == nil, session.isHungUp, PQconsumeInput(conn) == 1 { readAvailable() }
    readAvailable()
    fail()
  }

  // MARK: Sending

  private mutating func sendNext() {
    guard let batch = unsent.popFirst() else { return }
    if batch > 0, !endsItself(batch - 1) {
      queue(.guardStatement) { PQsendQueryParams($0, "ROLLBACK", 0, nil, nil, nil, nil, 0) }
      sync()
    }
    for (place, sql) in batches[batch].enumerated() {
      // Behind its own Sync a COMMIT is executed whatever came before: a failed transaction is rolled back by it.
      if endsItself(batch), place == batches[batch].count - 1 { sync() }
      send(sql, batch, place)
    }
    sync()
  }

  /// Sending reads, too, when the server is gone: what has arrived is taken before. What it said to an idle connection is the
  /// answer to the first statement.
  private mutating func queue(_ answer: Expected, _ send: (OpaquePointer) -> CInt) {
    readAvailable()
    let isHungUp = !expected.isEmpty && session.isHungUp
    guard !isRefused, broken == nil, !isHungUp, send(conn) == 1 else { return isRefused = true }
    expected.append(answer)
  }

  private func endsItself(_ batch: Int) -> Bool { batches[batch].count > 1 && batches[batch].last?.text == "COMMIT" }

  private mutating func sync() { queue(.sync, PQpipelineSync) }

  private mutating func send(_ sql: SQL, _ batch: Int, _ place: Int) {
    let text = sql.text, binds = sql.binds, count = CInt(binds.count)
    let answer = Expected.statement(batch: batch, place: place, text: text)
    switch prepare ? session.prepared.use(text, batch: batch) : .unnamed {
    case .unnamed:
      queue(answer) { conn in withCStrings(binds) { PQsendQueryParams(conn, text, count, nil, $0, nil, nil, 0) } }
    case .execute(let name):
      queue(answer) { conn in withCStrings(binds) { PQsendQueryPrepared(conn, name, count, $0, nil, nil, 0) } }
    case .prepare(let name):
      queue(.prepare(batch: batch, place: place, text: text)) { PQsendPrepare($0, name, text, 0, nil) }
      queue(answer) { conn in withCStrings(binds) { PQsendQueryPrepared(conn, name, count, $0, nil, nil, 0) } }
    }
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
      let unknown = !fatalSeen && !unsent.contains(batch) && (answered ? isCommit(batch, at) : mayCommit(batch, from: at))
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
