import CommandLineKit
import Engine
import PlanModel
import PluginAPI

/// Asks before something is changed, where a person is there to be asked.
struct Consent {
  let chosen: ChosenEnvironment
  let console: Console
  let answeredYes: Bool

  /// Only on a terminal: scripts are not asked, they were written on purpose.
  var isNeeded: Bool {
    !answeredYes && console.format == .text && console.error.isTerminal && Terminal.standardInput.isTerminal
  }

  /// True when there is nothing to ask, or the answer was yes.
  func given(to question: String, after summary: [String]) async throws -> Bool {
    guard isNeeded else { return true }
    for line in summary { console.note(line) }
    if try await ConfirmationPrompt(question).ask(answeredYes: false) { return true }
    console.note("nothing was done")
    return false
  }
}

extension PlanView {
  /// A few lines to decide by: what would run, whom it stalls, where the way back ends.
  var summary: [String] {
    var lines = waiting.map { step -> String in
      let stalls = step.locks.filter(\.mode.stallsOthers).map { "\($0.relation)" }
      let name = "  \(step.step.id)  \(step.step.uses)"
      if stalls.isEmpty { return name }
      return name + ", others wait at most \(step.step.policy.maxStall) on \(stalls.joined(separator: ", "))"
    }
    if let crossed = waiting.last?.noReturn { lines.append("  no way back from \(crossed.step) on: \(crossed.reason)") }
    return ["\(waiting.count) steps to run:"] + lines
  }
}

extension Terminal {
  static let standardInput = Terminal(descriptor: 0)
}
