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
  private let target: Target
  private let timeToLive: Duration
  private let run: String
  private let runner: String
  private let inFlight: InFlight
  /// Work is to stop at its next checkpoint; the run's row says why.
  private let stop: StopSignal
  private var held: [Int64: @Sendable () -> Void] = [:]
  private var connection: Connection?
  /// Connections that wait for the server to be opened, or to let go of what they were left with. Each of them keeps a
  /// thread of ours and a process of its.
  private var waiting = 0
  private static let mostWaiting = 3
  private var trustedUntil: ContinuousClock.Instant

  init(target: Target, run: String, runner: String, inFlight: InFlight, stop: StopSignal) {
    self.target = target
    self.timeToLive = target.address.lease
    self.trustedUntil = .now + timeToLive
    self.run = run
    self.runner = runner
    self.inFlight = inFlight
    self.stop = stop
  }

  func hold(_ fence: Int64, onLost: @escaping @Sendable () -> Void) { held[fence] = onLost }
  func release(_ fence: Int64) { held[fence] = nil }

  /// Runs until cancelled; three renewals in a lease, one every two seconds while the server does not answer.
  func keep() async {
    let watch = Task { await self.watch() }
    var due = ContinuousClock.now + timeToLive / 3
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(1))
      if Task.isCancelled { break }
      if ContinuousClock.now >= due {
        due = .now + (await asked(renew) ? timeToLive / 3 : min(timeToLive / 3, .seconds(2)))
      }
      if !stop.isRequested { _ = await asked(heedWish) }
    }
    watch.cancel()
    await connection?.close()
  }

  /// The end of a lease does not wait for a renewal that is still under way.
  private func watch() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(1))
      guard ContinuousClock.now > trustedUntil else { continue }
      for fence in Array(held.keys) { lose(fence) }
    }
  }

  /// False when the server did not answer: it failed, or the line swallows everything and nothing came in time. Such a
  /// connection is left to itself; a server that answers none of a few is not asked on another until one comes loose.
  private func asked(_ body: @escaping @Sendable (Connection) async throws -> Void) async -> Bool {
    guard connection != nil || waiting < Self.mostWaiting else { return false }
    let answer = await Limited.run(for: timeToLive / 3) { [self] in
      do {
        try await body(try await open())
        return true
      } catch {
        return false
      }
    }
    if answer == true { return true }
    if let connection { leave(connection) }
    return false
  }

  private func leave(_ connection: Connection) {
    self.connection = nil
    waiting += 1
    Task {
      await connection.close()
      waiting -= 1
    }
  }

  @Sendable private func heedWish(_ connection: Connection) async throws {
    if try await connection.query(JournalSQL.isToldToStop(run)).value == "t" { stop.raise(to: .finish) }
  }

  @Sendable private func renew(_ connection: Connection) async throws {
    let sent = ContinuousClock.now
    let doing = JSON.array(inFlight.steps(olderThan: .seconds(1)).map(JSON.string))
    try await connection.query(JournalSQL.heartbeat(runner: runner, doing: doing))
    if !held.isEmpty {
      let fences = Array(held.keys)
      let rows = try await connection.query(JournalSQL.renew(runner: runner, fences: fences, ttl: timeToLive)).rows
      let kept = Set(rows.compactMap { $0[0].flatMap { Int64($0) } })
      for fence in fences where !kept.contains(fence) { lose(fence) }
    }
    trustedUntil = sent + timeToLive * 5 / 6
  }

  private func lose(_ fence: Int64) { held.removeValue(forKey: fence)?() }

  private func open() async throws -> Connection {
    if let connection { return connection }
    waiting += 1
    defer { waiting -= 1 }
    let opened = try await target.connect(purpose: "heartbeat")
    // One that took longer than it was waited for may find that the next was quicker.
    if let connection {
      await opened.close()
      return connection
    }
    connection = opened
    return opened
  }
}
