/// The policy key `timeout`: the longest a step may take in all.
struct Deadline {
  let limit: Duration?
  init(_ limit: Duration?) { self.limit = limit }

  /// Cancels the work when its time is over; what it had committed stays committed.
  func limiting(_ work: Task<StepOutcome, Never>, step: String) async -> StepOutcome {
    guard let limit else { return await work.value }
    let timer = Task {
      try await Task.sleep(for: limit)
      work.cancel()
    }
    let outcome = await work.value
    let ranOut = timer.isCancelled == false && work.isCancelled
    timer.cancel()
    guard ranOut, case .released = outcome else { return outcome }
    return .failed(
      EngineError(
        .failed, "step \(step) took longer than its timeout", hint: "raise `timeout` and resume: it goes on at its checkpoint",
        step: step))
  }
}
