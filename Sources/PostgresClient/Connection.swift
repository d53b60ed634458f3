import CPostgres
package import SQLText

/// One connection, used by one piece of work at a time. Each call is atomic; a transaction of several calls is not,
/// so share connections through a `ConnectionPool`.
package actor Connection {
  private let executor: ThreadExecutor
  private var session: Session?
  private let redacted: String

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Cancels what the connection runs.
  package nonisolated let cancelToken = CancelToken()
  /// The server process that answered at connect time.
  package nonisolated let backendPID: Int32
  /// True behind a pooler: the process that took our connection is not the one that runs the statements.
  package nonisolated let isPooled: Bool
  /// For example 150020.
  package nonisolated let serverVersion: Int

  private init(_ session: Session, _ executor: ThreadExecutor) {
    self.session = session
    self.executor = executor
    redacted = session.redacted
    backendPID = session.backendPID
    isPooled = session.backendPID != PQbackendPID(session.conn)
    serverVersion = Int(PQserverVersion(session.conn))
  }

  package static func connect(
    _ target: ConnectionString, _ settings: ConnectionSettings = ConnectionSettings()
  ) async throws(PostgresError) -> Connection {
    let executor = ThreadExecutor()
    let abandoned = AbandonFlag()
    let opened = await withTaskCancellationHandler {
      await executor.run { Result { () throws(PostgresError) in try Session.open(target, settings, abandoned: abandoned) } }
    } onCancel: {
      abandoned.set()
    }
    return Connection(try opened.get(), executor)
  }

  // MARK: State

  package func close() { session = nil }
  package var isOpen: Bool { session?.isOpen ?? false }
  package var inTransaction: Bool { session?.inTransaction ?? false }

  /// A parameter the server reports, for example `in_hot_standby`.
  package func parameterStatus(_ name: String) -> String? {
    guard let session, let value = PQparameterStatus(session.conn, name) else { return nil }
    return String(cString: value)
  }

  /// Replaces the receiver of notices; it is called on the connection's thread.
  package func onNotice(_ handler: (@Sendable (Notice) -> Void)?) { session?.notices.replace(handler) }

  func opened() throws(PostgresError) -> Session {
    guard let session else { throw PostgresError(.connection, "the connection to \(redacted) is closed") }
    return session
  }

  // MARK: Statements

  /// One statement with its bound values.
  @discardableResult
  package func query(_ sql: SQL) async throws(PostgresError) -> QueryResult {
    try await cancelable { session throws(PostgresError) in try session.query(sql) }
  }

  /// One statement for its effect; returns the rows it touched.
  @discardableResult
  package func execute(_ sql: SQL) async throws(PostgresError) -> Int { try await query(sql).affected }

  /// One statement, parsed once per connection. Not through a transaction pooler.
  @discardableResult
  package func preparedQuery(_ sql: SQL) async throws(PostgresError) -> QueryResult {
    try await cancelable { session throws(PostgresError) in
      try self.isPooled ? session.query(sql) : session.preparedQuery(sql)
    }
  }

  /// Any number of statements separated by semicolons; without BEGIN they are one transaction.
  @discardableResult
  package func script(_ text: String) async throws(PostgresError) -> [QueryResult] {
    try await cancelable { session throws(PostgresError) in try session.script(text) }
  }

  /// Runs batches of statements with one round trip. Each batch ends its own transaction: the next one starts outside.
  /// An open transaction may be carried out of the last batch, and into the first.
  package func pipeline(_ batches: [[SQL]], prepare: Bool = false) async throws(PostgresError) -> [BatchOutcome] {
    guard !batches.isEmpty else { return [] }
    let named = prepare && !isPooled
    let (outcome, canceled) = try await watched { session throws(PostgresError) in
      try session.pipeline(batches, prepare: named)
    }
    return try outcome.get().map { $0.blaming(canceled) }
  }

  /// One batch: every result, or the error of the statement that failed.
  @discardableResult
  package func batch(_ statements: [SQL], prepare: Bool = false) async throws(PostgresError) -> [QueryResult] {
    try await pipeline([statements], prepare: prepare)[0].get()
  }

  /// Ends a transaction that may be open, also in a cancelled task; false when the connection is lost.
  @discardableResult
  package func rollback() -> Bool { session?.rollback() ?? false }

  /// COMMIT, which no cancellation interrupts. An error says `.commitUnknown` when only a look at the data can tell.
  package func commit() throws(PostgresError) {
    do throws(PostgresError) {
      let result = try opened().query("COMMIT")
      if result.tag == "ROLLBACK" {
        throw PostgresError(.server, "the transaction had failed and was rolled back", sqlState: "25P02")
      }
    } catch {
      throw error.kind == .connection ? error.afterCommitWasSent() : error
    }
  }

  // MARK: Cancellation

  /// Runs libpq calls while the task's cancellation and the cancel token can reach them.
  func cancelable<Value: Sendable>(
    _ work: (Session) throws(PostgresError) -> Value
  ) async throws(PostgresError) -> Value {
    let (outcome, canceled) = try await watched(work)
    return try outcome.mapError { $0.blaming(canceled) }.get()
  }

  /// The same, telling apart what happened and whether a cancel was sent meanwhile.
  private func watched<Value: Sendable>(
    _ work: (Session) throws(PostgresError) -> Value
  ) async throws(PostgresError) -> (Result<Value, PostgresError>, canceled: Bool) {
    let session = try opened()
    guard !Task.isCancelled else { throw .canceled }
    let running = RunningStatement(session.cancelHandle)
    cancelToken.watch(running)
    let outcome: Result<Value, PostgresError> = await withTaskCancellationHandler {
      // Through `self`: a closure that does not use the actor runs on the cooperative pool, and blocks it.
      self.perform(work, session)
    } onCancel: {
      running.cancel()
    }
    cancelToken.watch(nil)
    return (outcome, running.end())
  }
}

extension BatchOutcome {
  func blaming(_ canceled: Bool) -> BatchOutcome {
    guard case .failed(let error, let at, let completed) = self else { return self }
    return .failed(error.blaming(canceled), at: at, completed: completed)
  }
}

extension Connection {
  private func perform<Value: Sendable>(
    _ work: (Session) throws(PostgresError) -> Value, _ session: Session
  ) -> Result<Value, PostgresError> {
    Result { () throws(PostgresError) in try work(session) }
  }
}

extension PostgresError {
  /// 57014 is ours when we sent a cancel.
  func blaming(_ canceled: Bool) -> PostgresError {
    guard canceled, sqlState == "57014" else { return self }
    var error = self
    error.kind = .canceled
    return error
  }
}
