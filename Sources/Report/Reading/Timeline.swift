import JSONText
import Journal
import RunModel

/// When each step was at work, and when it waited and what for.
struct Timeline: Sendable {
  enum Kind: Sendable, Hashable {
    case work(AttemptOutcome?, Direction)
    /// Until it is tried again.
    case wait
    case gate
  }

  struct Bar: Sendable {
    let kind: Kind
    let from: Int64
    let to: Int64
    /// A sentence.
    let label: String
  }

  /// A vote, or a point of no return: a moment.
  struct Mark: Sendable {
    let at: Int64
    let label: String
  }

  struct Row: Sendable {
    /// `nil`: the run's gates.
    let step: String?
    let title: String
    var bars: [Bar] = []
    var marks: [Mark] = []
    /// Said where there is no bar.
    var note: String?
  }

  private(set) var rows: [Row] = []
  let start: Int64
  let end: Int64

  init(_ report: RunChronicle) {
    let asOf = Instant.microseconds(report.dossier.asOf) ?? 0
    start = Instant.microseconds(report.run.createdAt) ?? asOf
    let finish = report.run.finishedAt.flatMap(Instant.microseconds)
    let last = (report.attempts.compactMap(\.endedAt) + report.events.map(\.at)).compactMap(Instant.microseconds).max()
    end = max(finish.map { max($0, last ?? $0) } ?? asOf, start)
    let attempts = Dictionary(grouping: report.attempts, by: \.step)
    let events = Dictionary(grouping: report.events) { $0.step ?? "" }
    rows = gateRows(report.events)
    for step in report.steps {
      var row = Row(step: step.step, title: step.step)
      row.bars = waits(events[step.step] ?? [], step) + (attempts[step.step] ?? []).compactMap(bar)
      if row.bars.isEmpty { row.note = step.doneBy == .carried ? "carried over" : step.state.mark.word }
      rows.append(row)
    }
  }

  /// When something was at work.
  var busy: [(from: Int64, to: Int64)] {
    rows.flatMap(\.bars).compactMap { bar in if case .work = bar.kind { (bar.from, bar.to) } else { nil } }
  }

  private func bar(_ attempt: AttemptRecord) -> Bar? {
    guard let from = Instant.microseconds(attempt.startedAt) else { return nil }
    let to = attempt.endedAt.flatMap(Instant.microseconds) ?? end
    let way = attempt.direction == .undo ? "rollback, " : ""
    let words =
      "\(attempt.step): \(way)attempt \(attempt.attempt), \(attempt.outcome.mark.word), \(Instant.span(from, to))"
    return Bar(kind: .work(attempt.outcome, attempt.direction), from: from, to: max(to, from), label: words)
  }

  /// From an event that sets a step aside to the next that takes it up.
  private func waits(_ events: [EventRecord], _ step: StepRecord) -> [Bar] {
    var bars: [Bar] = []
    var since: (at: Int64, why: String)?
    func close(_ at: Int64) {
      guard let open = since else { return }
      bars.append(
        Bar(kind: .wait, from: open.at, to: at, label: "\(step.step): \(open.why), \(Instant.span(open.at, at))"))
      since = nil
    }
    for event in events {
      guard let kind = EventKind(rawValue: event.kind), let at = Instant.microseconds(event.at) else { continue }
      switch kind {
      case .stepBackoff, .stepWaiting, .stepBlocked, .stepInDoubt, .stepReleased, .stepFailed:
        close(at)
        since = (at, EventText.line(event))
      case .stepClaimed, .stepTakenOver, .stepDone, .stepSkipped, .stepMarkedDone, .stepUndoClaimed, .stepUndone:
        close(at)
      default: break
      }
    }
    if !step.state.isSatisfied, step.state != .undone { close(end) }
    return bars
  }

  private func gateRows(_ events: [EventRecord]) -> [Row] {
    var rows: [Row] = []
    var open: [String: (at: Int64, why: String)] = [:]
    func row(_ gate: String) -> Int {
      if let place = rows.firstIndex(where: { $0.title == gate }) { return place }
      rows.append(Row(step: nil, title: gate))
      return rows.count - 1
    }
    for event in events {
      guard let gate = event.data["gate"]?.string, let at = Instant.microseconds(event.at) else { continue }
      switch EventKind(rawValue: event.kind) {
      case .gateClosed: open[gate] = open[gate] ?? (at, EventText.line(event))
      case .gateOpened:
        if let closed = open.removeValue(forKey: gate) {
          rows[row(gate)].bars.append(gateBar(closed, at))
        } else {
          rows[row(gate)].marks.append(Mark(at: at, label: EventText.line(event)))
        }
      case .gateApproved, .gateRevoked: rows[row(gate)].marks.append(Mark(at: at, label: EventText.line(event)))
      default: break
      }
    }
    for (gate, closed) in open.sorted(by: { $0.key < $1.key }) { rows[row(gate)].bars.append(gateBar(closed, end)) }
    return rows
  }

  private func gateBar(_ closed: (at: Int64, why: String), _ end: Int64) -> Bar {
    Bar(kind: .gate, from: closed.at, to: end, label: "\(closed.why), \(Instant.span(closed.at, end))")
  }
}
