import PlanModel
import PlanSchema
import PostgresClient
import Synchronization

/// `max_stall`: the longest anyone may wait for us, waiting for the lock and holding it together.
///
/// lock_timeout bounds the wait. The hold has a deadline here: the statement is cancelled and the transaction rolled back.
struct StallBudget: Sendable {
  let shop: Workshop
  let step: PlanStep
  let stallsOthers: Bool

  private var limit: Duration { step.policy.maxStall.duration }

  func guarding<Value: Sendable>(
    _ connection: Connection, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    let token = connection.cancelToken
    let key = shop.inFlight.begin(step: step.id, pid: Int(connection.backendPID))
    let over = OneWayFlag()
    let timer = stallsOthers ? deadline { over.set(); token.cancel() } : nil
    let quiet = shop.stop.canceling(token)
    defer {
      timer?.cancel()
      quiet()
    }
    do {
      let value = try await body()
      shop.inFlight.end(key)
      return value
    } catch let error as PostgresError {
      let blockers = shop.inFlight.end(key)?.blockers ?? []
      if error.sqlState == "55P03" || (over.isSet && error.kind == .canceled) {
        throw StallExceeded(limit: limit, blockers: blockers)
      }
      throw error
    } catch {
      shop.inFlight.end(key)
      throw error
    }
  }

  private func deadline(_ reached: @escaping @Sendable () -> Void) -> Task<Void, any Error> {
    Task {
      try await Task.sleep(for: limit)
      reached()
    }
  }
}

/// Set once, read by whoever wonders why a statement was cancelled.
private final class OneWayFlag: Sendable {
  private let state = Mutex(false)
  func set() { state.withLock { $0 = true } }
  var isSet: Bool { state.withLock { $0 } }
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
