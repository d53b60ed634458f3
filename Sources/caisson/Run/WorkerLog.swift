import CommandLineKit
import Engine
import Journal
import Synchronization

/// What a worker did, a line each, on standard error: it runs under a supervisor that keeps the time.
final class WorkerLog: Sendable {
  private let chosen: ChosenEnvironment
  private let console: Console
  private let trouble = Mutex<String?>(nil)

  init(chosen: ChosenEnvironment, console: Console) {
    self.chosen = chosen
    self.console = console
  }

  /// The last turn ended in trouble.
  var hasTrouble: Bool { trouble.withLock { $0 != nil } }

  func note(_ text: String) { console.note("worker: \(text)") }

  func take(_ event: EngineEvent) {
    switch event {
    case .runStarted(let run, _, _, _, _): note("run \(run.prefix(8)): taking part")
    case .stepState(let step, let state, let reason): note("\(step): \(state)\(reason.map { ", \($0)" } ?? "")")
    case .notice(let step, let text): note("\(step): \(text)")
    case .runFinished(let run, let state): note("run \(run.prefix(8)): \(state)")
    default: break
    }
  }

  private static func text(_ outcome: FiringReport.Outcome) -> String {
    switch outcome {
    case .ended(let end): "\(end.state.rawValue)" + (end.reason.map { ", \($0)" } ?? "")
    case .released(let reason, _): "goes on later, \(reason)"
    case .replaced: "taken over by another worker"
    }
  }

  func take(_ turn: Worker.Turn) {
    switch turn {
    case .report(let report):
      trouble.withLock { $0 = nil }
      for problem in RunOutcome(report, .resume, chosen).problems { console.report(problem, by: [Tool.name, "worker"]) }
    case .firing(let firing):
      trouble.withLock { $0 = nil }
      note("\(firing.step), due \(firing.due): \(Self.text(firing.outcome))")
    case .trouble(let error):
      let problem = Problem(error)
      // The same trouble again and again is said once.
      let isNew = trouble.withLock { last in
        defer { last = problem.what }
        return last != problem.what
      }
      if isNew { console.report(problem, by: [Tool.name, "worker"]) }
    }
  }
}
