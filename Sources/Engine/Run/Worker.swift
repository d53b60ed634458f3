/// Works on whatever has to be done for one plan on one target, beside other workers: runs, phases that were put off, and
/// scheduled steps. PostgreSQL is the only thing workers share.
package struct Worker: Sendable {
  package enum Turn: Sendable {
    case report(RunReport)
    case firing(FiringReport)
    /// The next try is as soon as the pause is over.
    case trouble(any Error)
  }

  /// Made anew for each turn.
  private let runner: @Sendable () -> Runner
  private let stop: StopSignal
  /// Leaves when nothing is to be done.
  private let once: Bool
  private let tell: @Sendable (Turn) -> Void

  package init(
    _ runner: @escaping @Sendable () -> Runner, stop: StopSignal, once: Bool,
    tell: @escaping @Sendable (Turn) -> Void
  ) {
    self.runner = runner
    self.stop = stop
    self.once = once
    self.tell = tell
  }

  /// Until it is stopped. A step of six hours must not keep a schedule waiting: firings have a loop of their own.
  package func run() async {
    async let runs: Void = loop { () async throws -> Turn? in
      if let report = try await runner().join() { return .report(report) }
      return try await runner().finalize().map(Turn.report)
    }
    async let firings: Void = loop { try await runner().schedules().fireDue().map(Turn.firing) }
    _ = await (runs, firings)
  }

  /// What goes wrong is told, and tried again after a pause that grows to half a minute.
  private func loop(_ turn: @Sendable () async throws -> Turn?) async {
    var pause = Self.shortestPause
    while !stop.isRequested {
      do {
        let done = try await turn()
        pause = Self.shortestPause
        if let done { tell(done) } else if once { return }
      } catch {
        tell(.trouble(error))
        if once { return }
        pause = min(30_000, pause * 2)
      }
      // Many workers must not ask at the same moment.
      await stop.sleep(milliseconds: Int.random(in: pause / 2...pause))
    }
  }

  private static let shortestPause = 1_000
}
