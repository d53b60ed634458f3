import Journal
import JSONText
import PostgresClient
import SQLText
import Synchronization

/// Renews what this process holds, on a connection of its own: a renewal must never wait behind working rows. Between
/// renewals it looks whether somebody has asked the run to stop.
///
/// A fence that does not come back is lost, and so is everything when the server has not answered by the end of the
/// lease less a margin: the step is cancelled before anyone else may take it.
actor Leases {
  static let timeToLive = Duration.seconds(30)
  private static let margin = Duration.seconds(5)

  private let target: Target
  private let run: String
  private let runner: String
  private let inFlight: InFlight
  /// Work is to stop at its next checkpoint; the run's row says why.
  private let stop: StopSignal
  private var held: [Int64: @Sendable () -> Void] = [:]
  private var connection: Connection?
  private var trustedUntil = ContinuousClock.now + timeToLive

  init(target: Target, run: String, runner: String, inFlight: InFlight, stop: StopSignal) {
    self.target = target
    self.run = run
    self.runner = runner
    self.inFlight = inFlight
    self.stop = stop
  }

  func hold(_ fence: Int64, onLost: @escaping @Sendable () -> Void) { held[fence] = onLost }
  func release(_ fence: Int64) { held[fence] = nil }

  /// Runs until cancelled; ten seconds between two renewals, two while the server does not answer.
  func keep() async {
    var due = ContinuousClock.now + Self.timeToLive / 3
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(1))
      if Task.isCancelled { break }
      if ContinuousClock.now >= due {
        due = .now + (await renew() ? Self.timeToLive / 3 : .seconds(2))
      }
      await heedWish()
    }
    await connection?.close()
  }

  private func heedWish() async {
    guard !stop.isRequested, let connection = try? await open() else { return }
    do {
      if try await connection.query(JournalSQL.isToldToStop(run)).value == "t" { stop.raise(to: .finish) }
    } catch {
      await connection.close()
      self.connection = nil
    }
  }

  /// False when the server did not answer.
  private func renew() async -> Bool {
    let sent = ContinuousClock.now
    do {
      let connection = try await open()
      try await connection.query(JournalSQL.heartbeat(runner: runner, doing: .array(inFlight.steps(olderThan: .seconds(1)).map(JSON.string))))
      if !held.isEmpty {
        let fences = Array(held.keys)
        let rows = try await connection.query(JournalSQL.renew(runner: runner, fences: fences, ttl: Self.timeToLive)).rows
        let kept = Set(rows.compactMap { $0[0].flatMap { Int64($0) } })
        for fence in fences where !kept.contains(fence) { lose(fence) }
      }
      trustedUntil = sent + Self.timeToLive - Self.margin
      return true
    } catch {
      await connection?.close()
      connection = nil
      if ContinuousClock.now > trustedUntil { for fence in Array(held.keys) { lose(fence) } }
      return false
    }
  }

  private func lose(_ fence: Int64) { held.removeValue(forKey: fence)?() }

  private func open() async throws -> Connection {
    if let connection { return connection }
    let opened = try await target.connect(purpose: "heartbeat")
    connection = opened
    return opened
  }
}
