import Journal
import PlanModel
import RunModel

/// What `plan` can say of the evidence that a run would need, before there is one.
package struct EvidencePreview: Sendable {
  /// Whose it is.
  package let environment: String
  /// The run there that admits one here; `nil`: nothing does, or nothing is needed.
  package let run: String?
  package let notes: [String]
  /// Why it would wait; `nil`: it would not.
  package let closed: ClosedGate?
  /// What has measured these steps there.
  let measured: [Evidence]
}

extension Runner {
  /// Writes nothing.
  func evidencePreview(finished: Set<String>) async throws -> EvidencePreview? {
    guard let gate = evidenceGate() else { return nil }
    let steps = resolved.plan.steps.filter { !finished.contains($0.id) && $0.skip == nil }
    let live = try await target.lending { connection -> String? in
      let access = JournalAccess(target: target)
      guard try await access.exists(on: connection) else { return nil }
      return try await access.liveRun(of: resolved, on: connection)
    }
    let answer = try await gate.ask(for: steps, run: live)
    return EvidencePreview(
      environment: gate.requirement.environment, run: answer.admitting?.evidence.run, notes: answer.notes,
      closed: answer.refusal.map { refusal in
        ClosedGate(
          step: nil, kind: refusal.cause == .soak ? "soak" : "evidence", reason: refusal.reason,
          next: refusal.next?.iso)
      }, measured: answer.measured)
  }
}
