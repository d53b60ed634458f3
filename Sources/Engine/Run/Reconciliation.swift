import Journal
import PlanModel
import RunModel
import SQLText

/// Runs a holding's work until it ends or the holding is lost. A lost connection means: find the server again, look at
/// the journal, go on from there. What ends the holding otherwise is recorded before it is reported.
struct Reconciliation {
  let shop: Workshop
  let ledger: Ledger
  let step: PlanStep
  let holding: Holding

  /// `work` is told whether the phase has to be compiled anew.
  func run(_ work: @Sendable (_ anew: Bool) async throws -> Void) async -> StepOutcome {
    var tries = 0, anew = false
    while true {
      do {
        try await work(anew)
        return .done
      } catch {
        // A cancelled task fails in whatever it did last; that is not what ended it.
        let failure = Failure(Task.isCancelled && !(error is Replaced) ? CancellationError() : error)
        tries += 1
        anew = failure.cause is PhaseRetry
        guard failure.looksAgain || failure.kind.isReplaced, tries < step.policy.retry.attempts else {
          return await settle(failure)
        }
        if let outcome = await lookAgain(failure, tries: tries) { return outcome }
      }
    }
  }

  /// `nil`: the step is still ours. It may be after a fenced write that found nothing, too: a COMMIT whose answer was
  /// lost had come through between looking and writing.
  private func lookAgain(_ failure: Failure, tries: Int) async -> StepOutcome? {
    if failure.kind.isReplaced, await ledger.standing(of: holding) == .lost { return .replaced }
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

  /// Not cancelled with the work: how it ended has to be recorded whatever ended it.
  private func settle(_ failure: Failure) async -> StepOutcome {
    await Task { await record(failure) }.value
  }

  private func record(_ failure: Failure) async -> StepOutcome {
    let outcome = outcome(of: failure)
    guard let statement = statement(recording: failure) else { return outcome }
    while true {
      do {
        try await ledger.write(statement)
        return outcome
      } catch {
        let second = Failure(error)
        guard second.isConnectionLoss, await ledger.awaitServer(stop: shop.stop) else {
          return second.kind.isReplaced ? .replaced : .failed(failure.engineError.at(step: step.id))
        }
        // Written, and only the answer was lost.
        if await ledger.standing(of: holding) == .lost { return outcome }
      }
    }
  }

  private func outcome(of failure: Failure) -> StepOutcome {
    switch failure.kind {
    case .replaced: .replaced
    case .interrupted: .released(reason: "stopped at a checkpoint")
    case .busy(let why): .released(reason: why)
    case .gate(let closed): .gated(closed)
    case .person(let why) where holding.direction == .forward: .blocked(reason: why)
    default: .failed(failure.engineError.at(step: step.id))
    }
  }

  private func statement(recording failure: Failure) -> SQL? {
    switch failure.kind {
    case .replaced: nil
    case .interrupted: JournalSQL.release(holding)
    case .busy(let why): JournalSQL.stepWaiting(holding, reason: why, delay: .milliseconds(500))
    case .gate(let closed): JournalSQL.stepWaiting(holding, reason: closed.reason)
    case .person(let why) where holding.direction == .forward: JournalSQL.stepBlocked(holding, reason: why)
    default: JournalSQL.stepFailed(holding, reason: failure.record.message, error: failure.record)
    }
  }
}
