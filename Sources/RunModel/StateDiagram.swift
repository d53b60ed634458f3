/// docs/states.md, printed from the tables the engine runs by.
package enum StateDiagram {
  package static func markdown() -> String {
    """
    # States

    Printed from the transition tables in Sources/RunModel; a test keeps it so (`CAISSON_RECORD=1` writes it anew).
    What a table does not list cannot happen.

    """ + section(RunMachine.self) + section(StepMachine.self) + section(TaskMachine.self)
  }

  private static func section<Machine: StateMachine>(_ machine: Machine.Type) -> String {
    var lines = ["", "## \(Machine.name)", "", "```mermaid", "stateDiagram-v2", "  [*] --> \(Machine.initial.rawValue)"]
    lines += arrows(Machine.transitions.map { ($0.from.rawValue, $0.event.rawValue, $0.to.rawValue) })
    lines += ends(machine).map { "  \($0) --> [*]" }
    lines += ["```", "", "| from | event | to |", "|---|---|---|"]
    lines += Machine.transitions.map { "| \($0.from.rawValue) | \($0.event.rawValue) | \($0.to.rawValue) |" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One arrow per pair of states, with all its events.
  private static func arrows(_ transitions: [(from: String, event: String, to: String)]) -> [String] {
    var order: [String] = []
    var events: [String: [String]] = [:]
    for transition in transitions {
      let arrow = "  \(transition.from) --> \(transition.to)"
      if events[arrow] == nil { order.append(arrow) }
      events[arrow, default: []].append(transition.event)
    }
    return order.map { "\($0): \(events[$0, default: []].joined(separator: ", "))" }
  }

  private static func ends<Machine: StateMachine>(_ machine: Machine.Type) -> [String] {
    Machine.State.allCases.filter { state in !Machine.transitions.contains { $0.from == state && $0.to != state } }
      .map(\.rawValue)
  }
}
