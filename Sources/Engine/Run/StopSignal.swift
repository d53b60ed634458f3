import Synchronization

/// Two-stage stop: first finish what is small and checkpoint, then cancel.
package final class StopSignal: Sendable {
  package enum Stage: Int, Sendable, Comparable {
    case none, finish, cancel

    package static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
  }

  private struct State {
    var stage = Stage.none
    var listeners: [Int: @Sendable (Stage) -> Void] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  package init() {}

  package var stage: Stage { state.withLock { $0.stage } }
  package var isRequested: Bool { stage > .none }

  /// Follows this one, and can be raised by itself: one of several runs is asked to stop, the process goes on.
  package func child() -> StopSignal {
    let child = StopSignal()
    _ = listen { [weak child] stage in child?.raise(to: stage) }
    return child
  }

  /// The first call asks to finish, the second to cancel.
  package func request() { raise(to: stage == .none ? .finish : .cancel) }

  package func raise(to stage: Stage) {
    let listeners = state.withLock { state -> [@Sendable (Stage) -> Void] in
      guard stage > state.stage else { return [] }
      state.stage = stage
      return Array(state.listeners.values)
    }
    for listener in listeners { listener(stage) }
  }

  /// Calls `listener` at every later stage until the returned closure is called; at once when a stage is reached already.
  package func listen(_ listener: @escaping @Sendable (Stage) -> Void) -> @Sendable () -> Void {
    let (key, stage) = state.withLock { state -> (Int, Stage) in
      state.next += 1
      state.listeners[state.next] = listener
      return (state.next, state.stage)
    }
    if stage > .none { listener(stage) }
    return { [self] in _ = state.withLock { $0.listeners.removeValue(forKey: key) } }
  }

  /// Sleeps at most `milliseconds`, less when a stop is asked for.
  package func sleep(milliseconds: Int) async {
    guard !isRequested else { return }
    let waker = Waker()
    let quiet = listen { _ in waker.wake() }
    let timer = Task {
      try? await Task.sleep(for: .milliseconds(milliseconds))
      waker.wake()
    }
    await waker.wait()
    timer.cancel()
    quiet()
  }
}

/// A continuation that is resumed once, whoever comes first.
private final class Waker: Sendable {
  private enum State {
    case idle, waiting(CheckedContinuation<Void, Never>), woken
  }
  private let state = Mutex(State.idle)

  func wake() {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .woken }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    waiting?.resume()
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let now = state.withLock { state -> Bool in
        if case .woken = state { return true }
        state = .waiting(continuation)
        return false
      }
      if now { continuation.resume() }
    }
  }
}
