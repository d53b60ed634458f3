import Journal
import PlanModel
import PluginAPI
import PostgresClient
import RunModel

extension Runner {
  func schedules() -> Schedules {
    Schedules(resolved, target: target, registry: registry, width: width, stop: stop, reporter: reporter)
  }

  /// The step of a firing, compiled before there is a run.
  func prepareFiring(on connection: Connection) async throws -> Preparation {
    let access = JournalAccess(target: target)
    let prepared = try await compiler().prepare(
      resolved.plan, finished: [], tag: try await access.tag(of: resolved, variant: variant, on: connection),
      accepting: Set(resolved.environment.acceptIrreversible), on: connection)
    if prepared.refusals.isEmpty { try await refuseSessionless(prepared) }
    return prepared
  }

  /// A rollback that its runner did not finish.
  func finishRollback(_ run: String) async throws -> RunReport {
    let session = try await RunSession.open(self, run: run, resumed: true)
    do {
      let report = try await UndoLoop(session: session).run(to: nil, reason: nil)
      await session.close()
      return report
    } catch {
      await session.close()
      throw error
    }
  }

  /// A plan that is applied has its schedules in the journal; the first firing comes after what apply has done.
  func registeringSchedules(_ report: RunReport) async throws -> RunReport {
    guard variant.isEmpty else { return report }
    switch report.ending {
    case .succeeded where report.steps.allSatisfy(\.state.isSatisfied), .alreadyApplied:
      try await registerPatiently()
    default: break
    }
    return report
  }

  /// The run is over and recorded: a connection lost now is only a reason to try again, for ten seconds.
  private func registerPatiently() async throws {
    for _ in 0..<20 {
      do {
        if try await isCurrent() { try await schedules().register() }
        return
      } catch {
        guard Failure(error).isConnectionLoss, !stop.isRequested else { throw error }
        await stop.sleep(milliseconds: 500)
      }
    }
    if try await isCurrent() { try await schedules().register() }
  }

  /// A run of a former version may end late; its schedules are not the plan's any more.
  private func isCurrent() async throws -> Bool {
    let latest = try await target.lending {
      try await JournalReader($0).latestRun(plan: resolved.plan.name, environment: resolved.environment.name)
    }
    return latest?.planHash == resolved.planHash
  }
}
