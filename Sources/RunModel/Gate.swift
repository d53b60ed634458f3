/// The one form all gates have, evaluated before each claim.
package enum Gate: Sendable, Hashable {
  case open
  /// `next`: when it is worth asking again, an instant of the server as it prints it; `nil`: when a person has acted.
  case closed(reason: String, nextEvaluation: String?)

  package var isOpen: Bool { self == .open }

  /// All must be open; the first closed one speaks.
  package static func all(_ gates: [Gate]) -> Gate { gates.first { !$0.isOpen } ?? .open }
}
