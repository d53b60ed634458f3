import Dispatch
import Glibc
import Synchronization

/// Runs an actor's jobs on a thread of its own, so that libpq may block without holding up anybody else.
/// A thread rather than a dispatch queue: how many of those may block at once depends on the number of cores.
package final class ThreadExecutor: SerialExecutor {
  private let inbox = Inbox()

  package init() {
    let inbox = self.inbox
    BlockingThread.start { inbox.serve() }
  }

  deinit { inbox.close() }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    inbox.add { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  package func checkIsolated() { precondition(inbox.isServedHere, "not on the connection's thread") }

  /// Runs `body` on the thread before there is an actor to run it.
  func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { waiting in inbox.add { waiting.resume(returning: body()) } }
  }
}

/// Work for one thread, in order.
private final class Inbox: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var closed = false
    var thread: pthread_t?
  }
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)

  func add(_ job: @escaping @Sendable () -> Void) {
    state.withLock { $0.jobs.append(job) }
    arrived.signal()
  }

  func close() {
    state.withLock { $0.closed = true }
    arrived.signal()
  }

  var isServedHere: Bool { state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }

  func serve() {
    state.withLock { $0.thread = pthread_self() }
    while true {
      arrived.wait()
      let job = state.withLock { state in state.jobs.isEmpty ? nil : state.jobs.removeFirst() }
      if let job { job() } else if state.withLock({ $0.closed }) { return }
    }
  }
}

/// A thread for calls that block.
enum BlockingThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    // No thread to be had: dispatch's are better than none.
    guard code == 0 else {
      context.release()
      return DispatchQueue.global().async(execute: body)
    }
    pthread_detach(thread)
  }
}
