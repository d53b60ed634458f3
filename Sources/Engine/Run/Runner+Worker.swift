import Journal
import PlanModel
import PostgresClient
import RunModel

extension Runner {
  /// Starts a run that workers carry out, or finds the one there is already.
  package func submit(again: Bool = false) async throws -> RunReport {
    switch try await begin(again: again) {
    case .live(let run), .created(let run, _): return RunReport(run: run, ending: .submitted, steps: [])
    case .ended(let report): return report
    }
  }

  /// Takes part in the run of exactly this plan until it is over; `nil`: there is none that goes on.
  package func join() async throws -> RunReport? {
    guard let run = try await runToJoin() else { return nil }
    return try await proceed(run, resumed: true, until: nil, joining: true)
  }

  /// Neither paused, nor to be, nor waiting for an approval, or for a moment that has not come.
  private func runToJoin() async throws -> String? {
    try await target.lending { connection in
      guard try await JournalAccess(target: target).exists(on: connection) else { return nil }
      if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
      let reader = JournalReader(connection)
      let record = try await reader.latestRun(planHash: resolved.planHash, target: target.address.name)
      if let record, record.state == .succeeded { try? await prove(record.id, on: connection) }
      guard let record, record.finishedAt == nil, [.queued, .running, .waiting].contains(record.state),
        record.desired == .run
      else { return nil }
      let isOpen = try await reader.gates(run: record.id).allSatisfy { gate in
        gate.isOpen || !gate.isRunWide || gate.seconds.map { $0 <= 0 } ?? false
      }
      return isOpen ? record.id : nil
    }
  }
}
