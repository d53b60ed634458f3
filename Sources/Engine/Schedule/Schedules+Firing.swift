package import Journal
import PlanModel
import PlanSchema
import PostgresClient
import RunModel
import SQLText

extension Schedules {
  /// Records what has come, claims one firing that is due or whose runner is gone, and carries it out: a run of its own
  /// with that one step. `nil`: there was nothing to claim.
  package func fireDue() async throws -> FiringReport? {
    guard try await hasJournal() else { return nil }
    try await recordDue()
    try await buryDeadRunners()
    let identity = ThisProcess.identity()
    guard let firing = try await claim(identity) else { return nil }
    let beside = Task { await FiringLease(schedules: self, hold: firing.hold).keep() }
    let result: Result<FiringReport, any Error>
    do { result = .success(try await carryOut(firing)) } catch { result = .failure(error) }
    beside.cancel()
    await beside.value
    let settled = try await settle(firing, result, runner: identity.id)
    _ = try? await target.lending { try await $0.query(JournalSQL.unregisterRunner(identity.id)) }
    await SealingLoop(target: target).sealAll()
    return settled
  }

  private func hasJournal() async throws -> Bool {
    try await target.lending { connection in
      guard try await JournalAccess(target: target).exists(on: connection) else { return false }
      if let refusal = try await CloneCheck.run(on: connection, target: scope.target).refusal { throw refusal }
      return true
    }
  }

  /// The runner's row and the claim commit together, so that whoever finds the claim can look for the process.
  private func claim(_ identity: RunnerIdentity) async throws -> Firing? {
    try await target.lending { connection in
      let open = try await connection.query(
        """
        SELECT FROM caisson.open_firings(decode(\(scope.planHash), 'hex'), \(scope.target), \(scope.plan),
          \(scope.environment)) LIMIT 1
        """)
      guard !open.rows.isEmpty else { return nil }
      let results = try await connection.batch([
        "BEGIN", JournalSQL.registerRunner(identity),
        JournalSQL.claimFiring(scope, runner: identity.id, ttl: target.address.lease),
      ])
      guard let row = results[2].rows.first else {
        try await connection.query("ROLLBACK")
        return nil
      }
      try await connection.query("COMMIT")
      return try Firing(row)
    }
  }

  /// A process of this host that is gone holds nothing any more.
  private func buryDeadRunners() async throws {
    try await target.lending { connection in
      for row in try await connection.query(JournalSQL.firingHolders(scope)).rows
      where ThisProcess.isDead(
        host: try row.string("host"), bootID: try row.string("boot_id"), pid: try row.int("os_pid"),
        start: try row.string("os_start"))
      {
        let id = try row.string("runner_id")
        _ = try await connection.query(JournalSQL.declareDead(id, actor: id))
      }
    }
  }

  // MARK: Recording the end

  /// What is not over is left to be taken up again: soon, or when the gate it waits for is to be asked again.
  private func settle(
    _ firing: Firing, _ result: Result<FiringReport, any Error>, runner: String
  ) async throws -> FiringReport {
    switch result {
    case .success(var report):
      guard case .ended(let end) = report.outcome else {
        if case .released(_, let delay) = report.outcome { try await release(firing, after: delay) }
        return report
      }
      let statement = JournalSQL.endFiring(firing.hold, state: end.state, reason: end.reason, actor: runner)
      let rows = try await target.lending { try await $0.query(statement).rows }
      if rows.isEmpty { report.outcome = .replaced }
      return report
    case .failure(let error):
      let failure = Failure(error)
      guard !failure.isConnectionLoss, !failure.kind.isReplaced, !(error is CancellationError) else {
        try? await release(firing, after: .seconds(1))
        throw error
      }
      let statement = JournalSQL.endFiring(
        firing.hold, state: .failed, reason: failure.record.message, actor: runner)
      _ = try await target.lending { try await $0.query(statement) }
      throw error
    }
  }

  private func release(_ firing: Firing, after delay: Duration) async throws {
    _ = try await target.lending { try await $0.query(JournalSQL.releaseFiring(firing.hold, after: delay)) }
  }
}

extension FiringEnd {
  package var state: FiringState {
    switch self {
    case .done: .done
    case .nothingToDo: .nothingToDo
    case .failed: .failed
    case .skipped: .skipped
    }
  }
}
