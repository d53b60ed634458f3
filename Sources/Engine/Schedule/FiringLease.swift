import Journal
import PostgresClient
import SQLText

/// Beside a firing's run: keeps the claim, and goes on recording what comes due meanwhile.
struct FiringLease {
  /// How often somebody looks what has come due while a run goes on.
  private static let pause = Duration.seconds(2)

  let schedules: Schedules
  let hold: FiringHold

  private var lease: Duration { schedules.target.address.lease }

  /// Until cancelled. Errors are the next round's business: a claim that runs out is taken over, and the run's own
  /// fences keep two processes apart.
  func keep() async {
    var due = ContinuousClock.now + lease / 3
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.pause)
      if Task.isCancelled { return }
      if ContinuousClock.now >= due {
        due = .now + lease / 3
        _ = try? await schedules.target.lending { connection in
          try await connection.query(JournalSQL.renewFiring(hold, ttl: lease))
        }
      }
      _ = try? await schedules.recordDue()
    }
  }
}
