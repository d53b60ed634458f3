import Journal
import PlanModel
import RunModel

/// Runs a holding's work until it ends or the holding is lost. A lost connection means: find the server again, look at
/// the journal, go on from there. What ends the holding otherwise is recorded before it is reported.
struct Reconciliation {
  let shop: Workshop
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding

  func run(_ work: @Sendable () async throws -> Void) async -> StepOutcome {
    var tries = 0
    while true {
      do {
        try await work()
        return .done
      } catch {
        let failure = Failure(error)
        tries += 1
        guard failure.looksAgain, tries < step.policy.retry.attempts else { return await settle(failure) }
        if let outcome = await lookAgain(failure, tries: tries) { return outcome }
      }
    }
  }

  /// `nil`: the step is still ours.
  private func lookAgain(_ failure: Failure, tries: Int) async -> StepOutcome? {
    let delay = step.policy.retry.policy.delay(after: tries, random01: Double.random(in: 0..<1))
    shop.reporter(
      .retrying(
        step: step.id, attempt: tries, of: step.policy.retry.attempts, afterMilliseconds: delay.milliseconds,
        reason: failure.engineError.message))
    if !failure.isConnectionLoss { await shop.stop.sleep(milliseconds: delay.milliseconds) }
    guard await ledger.awaitServer(stop: shop.stop) else { return .released(reason: "the server does not answer") }
    switch await ledger.standing(of: holding) {
    case .finished: return .done
    case .lost: return .replaced
    case .held: return nil
    }
  }

  private func settle(_ failure: Failure) async -> StepOutcome {
    do {
      switch failure.kind {
      case .replaced:
        return .replaced
      case .interrupted:
        try await ledger.write(JournalSQL.release(holding))
        return .released(reason: "stopped at a checkpoint")
      case .busy(let why):
        try await ledger.write(JournalSQL.stepWaiting(holding, reason: why, delay: .milliseconds(500)))
        return .released(reason: why)
      case .person(let why) where holding.direction == .forward:
        try await ledger.write(JournalSQL.stepBlocked(holding, reason: why))
        return .blocked(reason: why)
      default:
        let error = failure.engineError.at(step: step.id)
        try await ledger.write(JournalSQL.stepFailed(holding, reason: failure.record.message, error: failure.record))
        return .failed(error)
      }
    } catch {
      return Failure(error).kind.isReplaced ? .replaced : .failed(failure.engineError.at(step: step.id))
    }
  }
}
