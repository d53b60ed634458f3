/// One allowed step of a state machine.
package struct Transition<State: Sendable & Hashable, Event: Sendable & Hashable>: Sendable, Hashable {
  package let from: State
  package let event: Event
  package let to: State

  package init(_ from: State, _ event: Event, _ to: State) {
    self.from = from
    self.event = event
    self.to = to
  }
}

/// A state machine that is nothing but its table.
package protocol StateMachine {
  associatedtype State: RawRepresentable<String> & CaseIterable & Hashable & Sendable
  associatedtype Event: RawRepresentable<String> & CaseIterable & Hashable & Sendable

  static var name: String { get }
  static var initial: State { get }
  static var transitions: [Transition<State, Event>] { get }
}

extension StateMachine {
  /// `nil`: not allowed.
  package static func next(_ state: State, on event: Event) -> State? {
    transitions.first { $0.from == state && $0.event == event }?.to
  }

  /// Each of `from` goes to `to`.
  static func each(_ from: [State], _ event: Event, _ to: State) -> [Transition<State, Event>] {
    from.map { Transition($0, event, to) }
  }
}
