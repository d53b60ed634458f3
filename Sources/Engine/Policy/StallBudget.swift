import PostgresClient
import Synchronization

/// `max_stall`: the longest anyone may wait for us, waiting for the lock and holding it together.
///
/// lock_timeout bounds the wait. The hold has a deadline here: the statement is cancelled and the transaction rolled back.
struct StallBudget {
  let context: TaskContext

  init(_ context: TaskContext) { self.context = context }

  func guarding<Value: Sendable>(
    _ connection: Connection, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    let token = connection.cancelToken
    let key = context.workshop.inFlight.begin(step: context.step.id, pid: await connection.backendPID)
    let over = Mutex(false)
    let deadline = context.stallsOthers ? context.lockTimeout : nil
    let timer = Task {
      guard let deadline else { return }
      try await Task.sleep(for: deadline)
      over.withLock { $0 = true }
      token.cancel()
    }
    let quiet = context.workshop.stop.canceling(token)
    defer {
      timer.cancel()
      quiet()
    }
    do {
      let value = try await body()
      context.workshop.inFlight.end(key)
      return value
    } catch let error as PostgresError {
      let blockers = context.workshop.inFlight.end(key)?.blockers ?? []
      if over.withLock({ $0 }), error.kind == .canceled {
        throw StallExceeded(limit: context.lockTimeout, blockers: blockers)
      }
      if error.sqlState == "55P03" { throw StallExceeded(limit: context.lockTimeout, blockers: blockers) }
      throw error
    } catch {
      context.workshop.inFlight.end(key)
      throw error
    }
  }
}

/// The lock was not free, or the work under it not finished, within `max_stall`.
struct StallExceeded: Error, Sendable, CustomStringConvertible {
  let limit: Duration
  let blockers: [Blocker]

  var description: String {
    guard !blockers.isEmpty else { return "not finished within max_stall (\(limit.milliseconds) ms)" }
    let names = blockers.map(\.description).joined(separator: ", ")
    return "no lock within max_stall (\(limit.milliseconds) ms): held by \(names)"
  }
}

extension StopSignal {
  /// How long a transaction or statement may go on after the first request to stop.
  static let grace = Duration.seconds(10)

  /// Cancels the statement ten seconds after the first request, at once after the second.
  func canceling(_ token: CancelToken) -> @Sendable () -> Void {
    let timer = Mutex<Task<Void, any Error>?>(nil)
    let quiet = listen { stage in
      if stage == .cancel { return token.cancel() }
      let task = Task {
        try await Task.sleep(for: StopSignal.grace)
        token.cancel()
      }
      timer.withLock { $0 = task }
    }
    return {
      quiet()
      timer.withLock { $0 }?.cancel()
    }
  }
}
