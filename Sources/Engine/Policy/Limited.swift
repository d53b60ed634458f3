import Synchronization

/// Waits for work that may not listen to a cancellation, only so long.
enum Limited {
  private final class Answer<Value: Sendable>: Sendable {
    private let waiting: Mutex<CheckedContinuation<Value?, Never>?>
    init(_ waiting: CheckedContinuation<Value?, Never>) { self.waiting = Mutex(waiting) }

    func give(_ value: Value?) {
      let waiting = waiting.withLock { waiting -> CheckedContinuation<Value?, Never>? in
        defer { waiting = nil }
        return waiting
      }
      waiting?.resume(returning: value)
    }
  }

  /// `nil`: no answer in time, or the caller was cancelled; the work is cancelled and left to itself.
  static func run<Value: Sendable>(for limit: Duration, _ body: @escaping @Sendable () async -> Value) async -> Value? {
    let timer = Mutex<Task<Void, Never>?>(nil)
    let gaveUp = StopSignal()
    let value: Value? = await withTaskCancellationHandler {
      await withCheckedContinuation { waiting in
        let answer = Answer<Value>(waiting)
        let work = Task { answer.give(await body()) }
        let quiet = gaveUp.listen { _ in
          work.cancel()
          answer.give(nil)
        }
        timer.withLock {
          $0 = Task {
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { gaveUp.request() }
            quiet()
          }
        }
      }
    } onCancel: {
      gaveUp.request()
    }
    timer.withLock { $0 }?.cancel()
    return value
  }
}
