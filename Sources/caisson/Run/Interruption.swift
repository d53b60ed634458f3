import CommandLineKit
import Engine

/// Ctrl-C. First: finish what is at hand. Second: cancel it. Third: leave, which the journal survives.
struct Interruption: Sendable {
  let stop: StopSignal
  let say: @Sendable (String) -> Void
  /// What the first one does besides.
  var first: @Sendable () -> Void = {}
  /// Gives the terminal back.
  let leaving: @Sendable () -> Void

  func listen(_ signals: UnixSignals) async {
    for await _ in signals.stream {
      switch stop.stage {
      case .none:
        say("stopping: what is at hand is finished first; Ctrl-C again cancels it")
        stop.request()
        first()
      case .finish:
        say("canceling what is at hand")
        stop.request()
      case .cancel:
        leaving()
        ExitCode.stopped.leave()
      }
    }
  }
}
