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
    let access = JournalAccess(target: target)
    let connection = try await target.work()
    do {
      guard try await access.exists(on: connection) else {
        await target.giveBack(connection)
        return nil
      }
      if let refusal = try await CloneCheck.run(on: connection, target: target.address.name).refusal { throw refusal }
      let record = try await JournalReader(connection).latestRun(
        planHash: resolved.planHash, target: target.address.name)
      let isOpen = try await isOpen(record, JournalReader(connection))
      await target.giveBack(connection)
      guard let record, record.finishedAt == nil, [.queued, .running, .waiting].contains(record.state),
        record.desired == .run, isOpen
      else { return nil }
      return try await proceed(record.id, resumed: true, until: nil, joining: true)
    } catch {
      await connection.rollback()
      await target.giveBack(connection)
      throw error
    }
  }
}

extension Runner {
  private func isOpen(_ run: RunRecord?, _ reader: JournalReader) async throws -> Bool {
    guard let run else { return false }
    return try await reader.gates(run: run.id).allSatisfy { $0.isOpen || $0.gate != "release" }
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
