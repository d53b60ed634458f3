/// A bounded number of connections to one target, opened when first needed.
package actor ConnectionPool {
  private let target: ConnectionString
  private let settings: ConnectionSettings
  private let limit: Int
  private var idle: [Connection] = []
  private var lent = 0
  private var closed = false
  private var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  private var ticket = 0

  package init(_ target: ConnectionString, limit: Int, settings: ConnectionSettings = ConnectionSettings()) {
    self.target = target
    self.limit = max(1, limit)
    self.settings = settings
  }

  /// Lends a connection to `body`. One that comes back broken is thrown away, one in a transaction is rolled back.
  package func withConnection<Value: Sendable>(
    _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    try await permit()
    let connection: Connection
    do throws(PostgresError) {
      connection = try await take()
    } catch {
      release()
      throw error
    }
    do {
      let value = try await body(connection)
      await giveBack(connection)
      return value
    } catch {
      await giveBack(connection)
      throw error
    }
  }

  /// Closes what is idle; lent connections close when they come back.
  package func close() async {
    closed = true
    let leaving = idle
    idle = []
    for waiter in waiting { waiter.continuation.resume(returning: false) }
    waiting = []
    for connection in leaving { await connection.close() }
  }

  private func take() async throws(PostgresError) -> Connection {
    while let connection = idle.popLast() {
      if await connection.isOpen { return connection }
    }
    return try await Connection.connect(target, settings)
  }

  private func giveBack(_ connection: Connection) async {
    if await connection.rollback(), !closed { idle.append(connection) } else { await connection.close() }
    release()
  }

  // MARK: Permits, first come first served

  private func permit() async throws(PostgresError) {
    if closed { throw PostgresError(.connection, "the connection pool is closed") }
    guard lent >= limit else {
      lent += 1
      return
    }
    ticket += 1
    let id = ticket
    let granted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { continuation.resume(returning: false) } else { waiting.append((id, continuation)) }
      }
    } onCancel: {
      Task { await self.giveUp(id) }
    }
    if !granted { throw closed ? PostgresError(.connection, "the connection pool is closed") : .canceled }
  }

  private func giveUp(_ id: Int) {
    guard let place = waiting.firstIndex(where: { $0.id == id }) else { return }
    waiting.remove(at: place).continuation.resume(returning: false)
  }

  /// A waiter takes the permit over; otherwise it is free.
  private func release() {
    if waiting.isEmpty { lent -= 1 } else { waiting.removeFirst().continuation.resume(returning: true) }
  }
}
