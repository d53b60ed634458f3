import Journal
import PlanModel
import PostgresClient

extension Runner {
  /// What an apply with nothing to do would answer; `nil`: it would run something. Reads only.
  package func applied() async throws -> RunReport? {
    let access = JournalAccess(target: target)
    return try await target.lending { connection in
      guard try await access.exists(on: connection) else { return nil }
      if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
      guard let done = try await access.lastSuccess(of: resolved, on: connection) else { return nil }
      return RunReport(run: done.id, ending: .alreadyApplied, steps: [])
    }
  }
}
