import Journal
import PostgresClient
import SQLText

/// Beside a firing's run: keeps the claim, and goes on recording what comes due meanwhile.
struct FiringLease {
  static let timeToLive = Leases.timeToLive
  /// How often somebody looks what has come due while a run goes on.
  private static let pause = Duration.seconds(2)
  private static let renewal = 5

  let schedules: Schedules
  let hold: FiringHold

  /// Until cancelled. Errors are the next round's business: a claim that runs out is taken over, and the run's own
  /// fences keep two processes apart.
  func keep() async {
    var round = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.pause)
      if Task.isCancelled { return }
      round += 1
      if round % Self.renewal == 0 {
        _ = try? await schedules.target.lending { connection in
          try await connection.query(JournalSQL.renewFiring(hold, ttl: Self.timeToLive))
        }
      }
      _ = try? await schedules.recordDue()
    }
  }
}
