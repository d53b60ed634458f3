import Dispatch
import Glibc
import Synchronization

/// The signals that ask the program to stop.
package enum UnixSignal: Sendable, Equatable {
  /// Ctrl-C.
  case interrupt
  /// `kill`, or the terminal has gone away.
  case terminate
}

/// SIGINT, SIGTERM and SIGHUP as a sequence, so that stopping is ordinary code.
package final class UnixSignals: Sendable {
  /// Each signal in the order it arrived.
  package let stream: AsyncStream<UnixSignal>
  private let sources: Mutex<[any DispatchSourceSignal]>

  private init(stream: AsyncStream<UnixSignal>) {
    self.stream = stream
    sources = Mutex([])
  }

  deinit {
    for source in sources.withLock({ $0 }) { source.cancel() }
  }

  /// Starts listening; when this returns no signal can be missed.
  package static func listen() async -> UnixSignals {
    let (stream, continuation) = AsyncStream.makeStream(of: UnixSignal.self)
    let signals = UnixSignals(stream: stream)
    for (number, meaning) in [(SIGINT, UnixSignal.interrupt), (SIGTERM, .terminate), (SIGHUP, .terminate)] {
      await signals.register(number) { @Sendable in continuation.yield(meaning) }
    }
    return signals
  }

  /// Makes writing to a closed pipe an error instead of the end of the program. A handler that does nothing, since
  /// an ignored signal would stay ignored in every program started from here.
  package static func surviveBrokenPipes() { signal(SIGPIPE) { @Sendable _ in } }

  /// Handlers given to Dispatch must be `@Sendable`: one isolated to the main actor traps at the first signal.
  private func register(_ number: Int32, _ handler: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { (registered: CheckedContinuation<Void, Never>) in
      sources.withLock {
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.setRegistrationHandler { @Sendable in registered.resume() }
        source.activate()
        $0.append(source)
      }
    }
  }
}
