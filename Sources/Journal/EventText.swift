import JSONText

/// One readable line per event, for `caisson events`.
package enum EventText {
  package static func line(_ event: EventRecord) -> String {
    let subject = [event.step, event.task.map { "task \($0)" }].compactMap { $0 }.joined(separator: ", ")
    let text = sentence(event)
    return subject.isEmpty ? text : "\(subject): \(text)"
  }

  private static func sentence(_ event: EventRecord) -> String {
    guard let kind = EventKind(rawValue: event.kind) else { return event.kind + suffix(event) }
    switch kind {
    case .note: return word(event, "text") ?? word(event, "reason") ?? "note"
    case .taskDone: return "\(operation(event)) done" + rows(event)
    case .taskSkipped: return "\(operation(event)) was not necessary"
    case .taskIntent: return "\(operation(event)) starts on backend \(word(event, "pid") ?? "?")"
    case .taskInDoubt: return "\(operation(event)) is in doubt: its answer was not good or did not come"
    case .taskProbed:
      return "\(operation(event)) was probed: \(word(event, "verdict") ?? "?")" + suffix(event, "detail")
    case .phaseCompiled:
      return "compiled phase \(word(event, "phase") ?? "?") (\(word(event, "name") ?? "?")), "
        + "\(word(event, "tasks") ?? "?") tasks"
    case .phaseBegun: return "goes on with phase \(word(event, "phase") ?? "?")"
    case .runDesired: return "the run shall \(word(event, "desired") ?? "?")" + suffix(event)
    case .gateApproved:
      let votes = "\(word(event, "given") ?? "?") of \(word(event, "needed") ?? "?")"
      return "\(word(event, "gate") ?? "?") was approved (\(votes))" + suffix(event)
    case .gateRevoked:
      let votes = "\(word(event, "given") ?? "?") of \(word(event, "needed") ?? "?")"
      return "the approval of \(word(event, "gate") ?? "?") by \(word(event, "role") ?? "?") was taken back, \(votes) left"
        + suffix(event)
    case .gateOpened: return "\(word(event, "gate") ?? "?") is open"
    case .gateClosed: return "\(word(event, "gate") ?? "?") is closed" + suffix(event)
    case .blockerCanceled, .blockerTerminated:
      let what = kind == .blockerCanceled ? "the statement of pid" : "the session of pid"
      return "\(what) \(word(event, "pid") ?? "?") (\(word(event, "role") ?? "?")) was "
        + (kind == .blockerCanceled ? "canceled" : "ended") + ", \(word(event, "seconds") ?? "?") s in the way"
    case .evidenceWritten:
      return "evidence \(word(event, "evidence")?.prefix(8) ?? "?") was written"
        + (word(event, "signer").map { ", signed by \($0)" } ?? "")
    case .evidenceAccepted:
      return "evidence \(word(event, "evidence")?.prefix(8) ?? "?") of \(word(event, "environment") ?? "?") was accepted"
    case .runCreated: return "the run was created with \(word(event, "steps") ?? "?") steps"
    case .runnerDead: return "runner \(word(event, "runner") ?? "?") on \(word(event, "host") ?? "?") was found dead"
    case .scheduleRegistered, .scheduleChanged:
      return "\(kind == .scheduleRegistered ? "the schedule was registered" : "the schedule has another time"): "
        + "\(timing(event)), next at \(word(event, "next") ?? "?")"
    case .firingDue, .firingRunning, .firingTakenOver, .firingDone, .firingFailed, .firingSkipped, .firingNothingToDo:
      return "\(firing(event)) \(phrases[kind] ?? "?")" + suffix(event)
    default: return (phrases[kind] ?? event.kind) + attempt(event) + suffix(event)
    }
  }

  private static let phrases: [EventKind: String] = [
    .journalInstalled: "the journal was installed", .journalUpgraded: "the journal was upgraded",
    .planRehearsed: "the plan was rehearsed on a clone",
    .journalPruned: "old runs were pruned", .journalAdopted: "the journal was adopted by this database",
    .journalReattached: "the journal was reattached", .runQueued: "the run waits for its turn",
    .runRunning: "the run goes on", .runWaiting: "the run waits", .runPaused: "the run is paused",
    .runFailed: "the run failed", .runSucceeded: "the run succeeded", .runUndoing: "the rollback began",
    .runRolledBack: "the run is rolled back", .runRollbackFailed: "the rollback failed",
    .runCanceled: "the run was canceled", .runSuperseded: "a newer run took this one's place",
    .runAmended: "the run goes on with the plan as it is now",
    .stepClaimed: "started", .stepTakenOver: "taken over from a runner that is gone", .stepDone: "done",
    .stepReleased: "interrupted, checkpoint saved", .stepPending: "given back", .stepBackoff: "will be tried again",
    .stepWaiting: "waits", .stepInDoubt: "in doubt: the probe decides", .stepBlocked: "blocked: needs a person",
    .stepFailed: "failed", .stepRetried: "to be tried again", .stepSkipped: "skipped",
    .stepMarkedDone: "marked as done", .stepUndoClaimed: "rollback started", .stepUndone: "rolled back",
    .stepUndoFailed: "rollback failed", .scheduleRemoved: "the plan has the schedule no more",
    .schedulePaused: "the schedule is paused", .scheduleResumed: "the schedule goes on",
    .firingDue: "has come", .firingRunning: "has begun", .firingTakenOver: "was taken over from a runner that is gone",
    .firingDone: "is done", .firingFailed: "failed", .firingSkipped: "was left out",
    .firingNothingToDo: "had nothing to do",
  ]

  private static func operation(_ event: EventRecord) -> String { word(event, "operation") ?? "operation" }

  private static func timing(_ event: EventRecord) -> String {
    if let every = word(event, "every") { return "every \(every)" }
    return [word(event, "cron"), word(event, "zone")].compactMap { $0 }.joined(separator: " ")
  }

  private static func firing(_ event: EventRecord) -> String {
    let due = word(event, "due") ?? "?"
    return event.data["extra"] == true ? "the firing asked for at \(due)" : "the firing due at \(due)"
  }

  private static func rows(_ event: EventRecord) -> String {
    word(event, "rows").map { ", \($0) rows in \(word(event, "chunks") ?? "?") chunks" } ?? ""
  }

  private static func attempt(_ event: EventRecord) -> String {
    guard let attempt = event.data["attempt"]?.int, attempt > 1 else { return "" }
    return " (attempt \(attempt))"
  }

  private static func suffix(_ event: EventRecord, _ member: String = "reason") -> String {
    let state = word(event, "sqlstate").map { " (SQLSTATE \($0))" } ?? ""
    return (word(event, member).map { ": \($0)" } ?? "") + state
  }

  private static func word(_ event: EventRecord, _ member: String) -> String? {
    switch event.data[member] {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    default: nil
    }
  }
}
