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

  /// Neither paused, nor to be, nor waiting for an approval.
  private func runToJoin() async throws -> String? {
    try await target.lending { connection in
      guard try await JournalAccess(target: target).exists(on: connection) else { return nil }
      if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
      let reader = JournalReader(connection)
      let record = try await reader.latestRun(planHash: resolved.planHash, target: target.address.name)
      guard let record, record.finishedAt == nil, [.queued, .running, .waiting].contains(record.state),
        record.desired == .run
      else { return nil }
      let isOpen = try await reader.gates(run: record.id).allSatisfy { $0.isOpen || $0.gate != "release" }
      return isOpen ? record.id : nil
    }
  }
}

/// Works on whatever runs of one plan on one target have to be done, beside other workers; PostgreSQL is the only thing
/// they share.
package struct Worker: Sendable {
  package enum Turn: Sendable {
    case report(RunReport)
    /// The next try is as soon as the pause is over.
    case trouble(any Error)
  }

  /// Made anew for each run: it tells its progress to the report of that run.
  private let runner: @Sendable () -> Runner
  private let stop: StopSignal
  /// Leaves when nothing is to be done.
  private let once: Bool
  private let tell: @Sendable (Turn) -> Void

  package init(
    _ runner: @escaping @Sendable () -> Runner, stop: StopSignal, once: Bool,
    tell: @escaping @Sendable (Turn) -> Void
  ) {
    self.runner = runner
    self.stop = stop
    self.once = once
    self.tell = tell
  }

  /// Until it is stopped. What goes wrong is told, and tried again after a pause that grows to half a minute.
  package func run() async {
    var pause = Self.shortestPause
    while !stop.isRequested {
      do {
        var report = try await runner().join()
        if report == nil { report = try await runner().finalize() }
        pause = Self.shortestPause
        if let report { tell(.report(report)) } else if once { return }
      } catch {
        tell(.trouble(error))
        if once { return }
        pause = min(30_000, pause * 2)
      }
      // Many workers must not ask at the same moment.
      await stop.sleep(milliseconds: Int.random(in: pause / 2...pause))
    }
  }

  private static let shortestPause = 1_000
}
