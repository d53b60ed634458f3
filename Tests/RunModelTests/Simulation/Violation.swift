import RunModel

/// An invariant that did not hold, and where.
struct Violation: Error, CustomStringConvertible {
  let invariant: Invariant
  let detail: String
  var description: String { "\(invariant.rawValue): \(detail)" }
}

extension StateMachine {
  /// The table as a dictionary: it is asked millions of times.
  static func table() -> [Transition<State, Event>.Key: State] {
    Dictionary(transitions.map { (.init(from: $0.from, event: $0.event), $0.to) }, uniquingKeysWith: { first, _ in first })
  }
}

extension Transition {
  struct Key: Hashable {
    let from: State
    let event: Event
  }
}
