import RunModel

/// How a state is told apart without colour: a word, a symbol, and the name of its colour.
struct StateMark: Sendable, Hashable {
  let word: String
  let symbol: String
  /// One of few: what asks for attention has to stand out.
  let tone: Tone

  /// Names of style classes.
  enum Tone: String, Sendable, CaseIterable {
    case good, active, waiting, person, bad, quiet, back
  }

  init(_ word: String, _ symbol: String, _ tone: Tone) {
    self.word = word
    self.symbol = symbol
    self.tone = tone
  }
}

extension StepState {
  var mark: StateMark {
    switch self {
    case .pending: StateMark("pending", "○", .quiet)
    case .running: StateMark("running", "▸", .active)
    case .backoff: StateMark("backoff", "↻", .waiting)
    case .waiting: StateMark("waiting", "◔", .waiting)
    case .inDoubt: StateMark("in doubt", "?", .person)
    case .blocked: StateMark("blocked", "■", .person)
    case .done: StateMark("done", "✓", .good)
    case .skipped: StateMark("skipped", "⇢", .quiet)
    case .failed: StateMark("failed", "✗", .bad)
    case .undoing: StateMark("undoing", "↺", .active)
    case .undone: StateMark("undone", "↶", .back)
    case .undoFailed: StateMark("undo failed", "✗", .bad)
    }
  }
}

extension RunState {
  var mark: StateMark {
    switch self {
    case .queued: StateMark("queued", "○", .quiet)
    case .running: StateMark("running", "▸", .active)
    case .waiting: StateMark("waiting", "◔", .waiting)
    case .paused: StateMark("paused", "◔", .waiting)
    case .failed: StateMark("failed", "✗", .bad)
    case .succeeded: StateMark("succeeded", "✓", .good)
    case .undoing: StateMark("undoing", "↺", .active)
    case .rolledBack: StateMark("rolled back", "↶", .back)
    case .rollbackFailed: StateMark("rollback failed", "✗", .bad)
    case .canceled: StateMark("canceled", "⇢", .quiet)
    case .superseded: StateMark("superseded", "⇢", .quiet)
    }
  }
}

extension TaskState {
  var mark: StateMark {
    switch self {
    case .pending: StateMark("pending", "○", .quiet)
    case .intent, .running: StateMark("running", "▸", .active)
    case .inDoubt: StateMark("in doubt", "?", .person)
    case .blocked: StateMark("blocked", "■", .person)
    case .done: StateMark("done", "✓", .good)
    case .skipped: StateMark("not necessary", "⇢", .quiet)
    case .undoing: StateMark("undoing", "↺", .active)
    case .undone: StateMark("undone", "↶", .back)
    case .undoFailed: StateMark("undo failed", "✗", .bad)
    }
  }
}

extension AttemptOutcome? {
  var mark: StateMark {
    switch self {
    case nil: StateMark("running", "▸", .active)
    case .ok: StateMark("ok", "✓", .good)
    case .waiting: StateMark("waited", "◔", .waiting)
    case .inDoubt: StateMark("in doubt", "?", .person)
    case .canceled: StateMark("canceled", "⇢", .quiet)
    case .fenced: StateMark("replaced", "⇢", .quiet)
    case .abandoned: StateMark("abandoned", "⇢", .quiet)
    case .error: StateMark("error", "✗", .bad)
    case .timeout: StateMark("timeout", "✗", .bad)
    }
  }
}
