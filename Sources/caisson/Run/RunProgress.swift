import CommandLineKit
import Engine
import Synchronization

/// Turns what the engine tells into what the progress screen shows. Called from many tasks; never waits.
final class RunProgress: Sendable {
  private struct State {
    var model: ProgressModel
    var began = ContinuousClock.now
    var steps: [String: Clock] = [:]
    /// Where a step's line is in the model.
    var places: [String: Int] = [:]
    var run: String?
    /// Told, not yet shown: a thousand quick steps must not redraw a thousand lines each.
    var told: [EngineEvent] = []
  }

  /// When things of a step began; rates and remaining times come from it.
  private struct Clock {
    var step: ContinuousClock.Instant?
    var counting: (since: ContinuousClock.Instant, from: Double)?
    var blockedAt: ContinuousClock.Instant?
  }

  private let screen: ProgressScreen
  private let format: OutputFormat
  private let state: Mutex<State>

  init(_ title: String, screen: ProgressScreen, format: OutputFormat) {
    self.screen = screen
    self.format = format
    state = Mutex(State(model: ProgressModel(title: title)))
  }

  /// The run, once it has begun.
  var run: String? { state.withLock { $0.run } }
  var elapsed: Duration { state.withLock { $0.began.duration(to: .now) } }

  func take(_ event: EngineEvent) {
    let soon = state.withLock { state -> Bool in
      if case .runStarted(let run, _, _, _, _) = event { state.run = run }
      state.told.append(event)
      if case .runStarted = event { return true }
      return false
    }
    if soon { tick() }
  }

  /// Shows what was told since the last time; forgets blockers that nobody has named for a while.
  func tick() {
    let (model, notices) = state.withLock { state -> (ProgressModel, [(String, String)]) in
      let told = state.told
      state.told = []
      for event in told { apply(event, to: &state) }
      forgetBlockers(&state)
      state.model.elapsed = state.began.duration(to: .now)
      let notices = told.compactMap { event -> (String, String)? in
        if case .notice(let step, let text) = event { (step, text) } else { nil }
      }
      return (state.model, notices)
    }
    // Some are about the whole run.
    for (step, text) in notices { note(text, step: step.isEmpty ? nil : step) }
    screen.update(model)
  }

  private func forgetBlockers(_ state: inout State) {
    for (id, clock) in state.steps {
      guard let at = clock.blockedAt, at.duration(to: .now) > .seconds(2), let place = state.places[id] else { continue }
      state.steps[id]?.blockedAt = nil
      state.model.steps[place].note = nil
    }
  }

  /// A line that stays.
  func note(_ text: String, step: String? = nil) {
    if format == .ndjson {
      screen.print(JSONLine.note(text, step: step))
    } else {
      screen.print((step.map { "\($0): " } ?? "") + DisplayText.singleLine(text))
    }
  }

  func finish() {
    tick()
    screen.finish()
  }

  // MARK: Events

  private func apply(_ event: EngineEvent, to state: inout State) {
    switch event {
    case .runStarted(let run, let plan, let environment, let steps, _):
      state.model.title = "\(plan) on \(environment), run \(run.prefix(8))"
      state.model.steps = steps.map { ProgressLine(id: $0.id, state: ProgressState(rawValue: $0.state) ?? .pending) }
      state.places = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.id, $0) })
    case .stepState(let step, let word, let note):
      change(step, &state) { Self.turn(&$0, &$1, to: ProgressState(rawValue: word) ?? .running, note) }
    case .operationStarted(let step, let title):
      change(step, &state) { line, clock in
        (line.title, line.note, line.done, line.total, line.rate, line.eta) = (title, nil, nil, nil, nil, nil)
        (clock.counting, clock.blockedAt) = (nil, nil)
      }
    case .operationSkipped(let step, let title), .operationDone(let step, let title, _):
      change(step, &state) { line, clock in
        if line.title == title { (line.note, line.rate, line.eta) = (nil, nil, nil) }
        clock.blockedAt = nil
      }
    case .progress(let step, let done, let total, let unit, let note):
      change(step, &state) { Self.count(&$0, &$1, done, total, unit, note) }
    case .blocked(let step, let blockers, _):
      change(step, &state) { line, clock in
        line.note = "waits for " + blockers.map(\.description).joined(separator: ", ")
        clock.blockedAt = .now
      }
    case .retrying(let step, let attempt, let of, let after, let reason):
      change(step, &state) { line, clock in
        line.state = .backoff
        line.note = "attempt \(attempt) of \(of) in \(Humanised.duration(.milliseconds(after))): \(reason)"
        clock.blockedAt = nil
      }
    case .heldByAnother(let step, let runner, let seconds):
      change(step, &state) { line, _ in
        line.state = .waiting
        line.note = "held by \(runner), its lease ends in \(seconds) s"
      }
    case .notice, .runFinished: break
    }
  }

  private func change(_ step: String, _ state: inout State, _ body: (inout ProgressLine, inout Clock) -> Void) {
    guard let place = state.places[step] else { return }
    body(&state.model.steps[place], &state.steps[step, default: Clock()])
  }

  private static func turn(_ line: inout ProgressLine, _ clock: inout Clock, to next: ProgressState, _ note: String?) {
    if next.isActive, clock.step == nil { clock.step = .now }
    line.elapsed = clock.step.map { $0.duration(to: .now) }
    if !next.isActive { (line.rate, line.eta, clock.step) = (nil, nil, nil) }
    line.state = next
    line.note = note
    clock.blockedAt = nil
  }

  private static func count(
    _ line: inout ProgressLine, _ clock: inout Clock, _ done: Double, _ total: Double?, _ unit: String, _ note: String?
  ) {
    line.state = line.state == .undoing ? .undoing : .running
    line.done = Int64(done)
    line.total = total.map { Int64($0) }
    line.unit = .count(unit)
    if let note { line.title = note }
    line.elapsed = clock.step.map { $0.duration(to: .now) }
    if clock.blockedAt == nil { line.note = nil }
    guard let counting = clock.counting, done >= counting.from else {
      clock.counting = (.now, done)
      return
    }
    let seconds = Double(counting.since.duration(to: .now).milliseconds) / 1000
    guard seconds > 0.5, done > counting.from else { return }
    let rate = (done - counting.from) / seconds
    line.rate = rate
    line.eta = total.map { .milliseconds(Int64(max(0, $0 - done) / rate * 1000)) }
  }
}
