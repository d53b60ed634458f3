package import Journal
import RunModel

/// A gate that keeps a step, or the whole run, waiting: what it waits for, and when it is worth asking again.
package struct ClosedGate: Sendable, Hashable {
  /// `nil`: the whole run.
  package var step: String?
  /// `approval`, `window`, `soak`, or what the step's kind calls itself.
  package var kind: String
  /// One sentence, with the step.
  package var reason: String
  /// An instant of the server's clock as it prints it; `nil`: when a person has acted.
  package var next: String?
  /// From when it was judged until then.
  package var wait: Duration?

  /// How long to leave it alone: until it is worth asking again; a moment where a person may act at any time.
  var pause: Duration { max(.seconds(1), wait ?? .seconds(3)) }

  /// Ends with a person's word.
  package var isVoted: Bool { kind == "approval" }
}

extension ClosedGate {
  /// `nil`: it is open.
  package init?(_ record: GateRecord) {
    guard case .closed(let reason, let next) = record.value else { return nil }
    self.init(
      step: record.step, kind: record.kind, reason: reason, next: next,
      wait: record.seconds.map { .milliseconds(Int64(max(0, $0) * 1_000)) })
  }
}

/// A step was claimed and compiled to a program whose gate is closed: it is let go.
struct GateClosed: Error, Sendable { let gate: ClosedGate }
