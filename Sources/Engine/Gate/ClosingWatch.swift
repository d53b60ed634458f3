import PlanModel
import PlanSchema
import RunModel

/// Beside a run at work: at the end of its window it is asked to stop at the next checkpoint (`window_end: pause`); past a
/// limit what is at work is cancelled, since nothing else gives the space back.
struct ClosingWatch: Sendable {
  let gatekeeper: Gatekeeper
  let pausesAtWindowEnd: Bool

  private var stop: StopSignal { gatekeeper.shop.stop }

  /// Until it is cancelled. A server that does not answer is asked again: nobody works on it meanwhile either.
  func run() async {
    while !Task.isCancelled, !stop.isRequested {
      var pause = Duration.seconds(gatekeeper.limits.isEmpty ? 30 : 2)
      if pausesAtWindowEnd, let left = try? await windowLeft() {
        if left <= .zero { return stop.raise(to: .finish) }
        pause = min(pause, max(.milliseconds(50), left))
      }
      if let problem = try? await gatekeeper.limitPassed() {
        gatekeeper.shop.reporter(.notice(step: "", text: "stopping: \(problem)"))
        return stop.raise(to: .cancel)
      }
      try? await Task.sleep(for: pause)
    }
  }

  /// How long the windows stay open; zero: they are closed.
  private func windowLeft() async throws -> Duration {
    try await gatekeeper.shop.target.lending { connection in
      let clock = ScheduleClock(connection: connection)
      guard case .open(let end) = try await clock.standing(of: gatekeeper.windows) else { return .zero }
      return end - (try await clock.now())
    }
  }
}
