/// What progress looks like at one moment: a value that the renderers turn into text.
package struct ProgressModel: Sendable, Equatable {
  /// What is running and where: `zenfleet-scale on production`.
  package var title: String
  package var elapsed: Duration
  package var steps: [ProgressLine]
  /// What a line stands for.
  package var noun: String

  package init(title: String, elapsed: Duration = .zero, steps: [ProgressLine] = [], noun: String = "step") {
    self.noun = noun
    self.title = title
    self.elapsed = elapsed
    self.steps = steps
  }

  /// Steps that need no more work.
  package var finished: Int { steps.count { $0.state.isFinished } }

  /// The same moment `duration` later, nothing else having been heard.
  func later(by duration: Duration) -> ProgressModel {
    var copy = self
    copy.elapsed += duration
    for index in copy.steps.indices where copy.steps[index].state.isActive {
      copy.steps[index].elapsed = copy.steps[index].elapsed.map { $0 + duration }
      copy.steps[index].eta = copy.steps[index].eta.map { max(.zero, $0 - duration) }
    }
    return copy
  }
}

/// One step's progress.
package struct ProgressLine: Sendable, Equatable, Identifiable {
  package var id: String
  /// What is being done right now: `copy chunk`, `build index orders_by_day`.
  package var title: String
  package var state: ProgressState
  /// From 0 to 1; taken from `done` and `total` when absent.
  package var fraction: Double?
  package var done: Int64?
  package var total: Int64?
  package var unit: ProgressUnit
  /// Units per second.
  package var rate: Double?
  package var eta: Duration?
  package var elapsed: Duration?
  /// Why it is not moving: `waiting for pid 123 (user app, 12 s)`.
  package var note: String?

  package init(
    id: String, title: String = "", state: ProgressState = .pending, fraction: Double? = nil, done: Int64? = nil,
    total: Int64? = nil, unit: ProgressUnit = .count("rows"), rate: Double? = nil, eta: Duration? = nil,
    elapsed: Duration? = nil, note: String? = nil
  ) {
    self.id = id
    self.title = title
    self.state = state
    self.fraction = fraction
    self.done = done
    self.total = total
    self.unit = unit
    self.rate = rate
    self.eta = eta
    self.elapsed = elapsed
    self.note = note
  }

  var knownFraction: Double? {
    if let fraction { return max(0, min(1, fraction)) }
    guard let done, let total, total > 0 else { return nil }
    return max(0, min(1, Double(done) / Double(total)))
  }
}

/// What is being counted.
package enum ProgressUnit: Sendable, Equatable {
  case count(String)
  case bytes

  /// `1,204,000 rows`, `1.3 GB`
  func amount(_ value: Int64) -> String {
    switch self {
    case .count(let name): name.isEmpty ? Humanised.count(value) : "\(Humanised.count(value)) \(name)"
    case .bytes: Humanised.bytes(value)
    }
  }

  /// `400 of 1,204,000 rows`
  func amount(_ done: Int64, of total: Int64) -> String {
    switch self {
    case .count: "\(Humanised.count(done)) of \(amount(total))"
    case .bytes: "\(amount(done)) of \(amount(total))"
    }
  }
}

/// The states of a step, named as in the journal.
package enum ProgressState: String, Sendable, CaseIterable {
  case pending, running, backoff, waiting, blocked, done, skipped, failed, undoing, undone
  case inDoubt = "in_doubt"
  case undoFailed = "undo_failed"

  /// Whether work is under way.
  package var isActive: Bool { [.running, .backoff, .waiting, .undoing].contains(self) }
  /// Whether no more work is needed.
  package var isFinished: Bool { [.done, .skipped, .undone].contains(self) }
  /// Whether a person has to look.
  package var isTrouble: Bool { [.failed, .blocked, .inDoubt, .undoFailed].contains(self) }

  /// As a sentence has it.
  var word: String {
    switch self {
    case .inDoubt: "in doubt"
    case .undoFailed: "undo failed"
    default: rawValue
    }
  }

  var style: Style {
    if isTrouble { return .red }
    switch self {
    case .running, .undoing: return .cyan
    case .waiting, .backoff: return .yellow
    case .done, .undone: return .green
    default: return .dim
    }
  }

  /// One column; `tick` turns the wheel of a moving step.
  func glyph(tick: Int, utf8: Bool) -> String {
    let wheel = Array(utf8 ? "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" : "|/-\\")
    switch self {
    case .running, .undoing: return String(wheel[tick % wheel.count])
    case .pending: return utf8 ? "·" : "."
    case .waiting: return utf8 ? "◦" : "o"
    case .backoff: return utf8 ? "↻" : "~"
    case .done: return utf8 ? "✓" : "+"
    case .skipped: return "-"
    case .undone: return utf8 ? "↶" : "<"
    case .failed, .undoFailed: return utf8 ? "✗" : "x"
    case .blocked: return "!"
    case .inDoubt: return "?"
    }
  }
}
