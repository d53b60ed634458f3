import CommandLineKit
import Engine
import JSONText
import PlanModel
import Rollout
import Synchronization

/// Turns what a rollout tells into a line per target. Called from many tasks; never waits.
final class RolloutProgress: Sendable {
  private struct State {
    var model: ProgressModel
    var places: [String: Int] = [:]
    var began: [String: ContinuousClock.Instant] = [:]
    /// Steps of a target that are over.
    var over: [String: Set<String>] = [:]
    let start = ContinuousClock.now
  }

  private let screen: ProgressScreen
  private let format: OutputFormat
  private let state: Mutex<State>

  init(_ desk: RolloutDesk, screen: ProgressScreen, format: OutputFormat) {
    self.screen = screen
    self.format = format
    let names = desk.rollout.stages.flatMap(\.targets).map(\.environment.targetName)
    var state = State(model: ProgressModel(title: desk.title, steps: names.map { ProgressLine(id: $0) }, noun: "target"))
    state.places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    self.state = Mutex(state)
  }

  var elapsed: Duration { state.withLock { $0.start.duration(to: .now) } }

  func take(_ event: RolloutEvent) {
    switch event {
    case .waveBegan(let stage, let wave, let of, let targets): note(stage: stage, wave, of, targets)
    case .target(let name, .notice(let step, let text)): note("\(name)\(step.isEmpty ? "" : ", \(step)"): \(text)")
    default: break
    }
    let model = state.withLock { state -> ProgressModel in
      apply(event, to: &state)
      state.model.elapsed = state.start.duration(to: .now)
      return state.model
    }
    screen.update(model)
  }

  /// A line that stays.
  func note(_ text: String) {
    screen.print(format == .ndjson ? JSONLine.note(text, step: nil) : DisplayText.singleLine(text))
  }

  private func note(stage: String, _ wave: Int, _ of: Int, _ targets: [String]) {
    guard format == .ndjson else {
      if of > 1 { note("\(stage), wave \(wave) of \(of): \(targets.joined(separator: ", "))") }
      return
    }
    let record: JSON = [
      "type": "wave", "stage": .string(stage), "wave": .int(Int64(wave)), "of": .int(Int64(of)),
      "targets": .array(targets.map(JSON.string)),
    ]
    screen.print(record.text)
  }

  func finish() { screen.finish() }

  // MARK: Events

  private func apply(_ event: RolloutEvent, to state: inout State) {
    switch event {
    case .waveBegan: break
    case .targetBegan(let name):
      state.began[name] = .now
      change(name, &state) { $0 = ProgressLine(id: name, state: .running, unit: .count("steps")) }
    case .target(let name, let event): apply(event, of: name, to: &state)
    case .targetEnded(let outcome):
      change(outcome.name, &state) { line in
        line.state = Self.state(of: outcome.standing)
        (line.title, line.note) = ("", outcome.gates.first?.text)
        if outcome.standing == .succeeded { line.done = Int64(outcome.target.plan.steps.count) }
        line.elapsed = outcome.took
      }
    }
  }

  private func apply(_ event: EngineEvent, of name: String, to state: inout State) {
    switch event {
    case .runStarted(_, _, _, let steps, _):
      let over = Set(steps.filter { ProgressState(rawValue: $0.state)?.isFinished ?? false }.map(\.id))
      state.over[name] = over
      change(name, &state) { ($0.done, $0.total) = (Int64(over.count), Int64(steps.count)) }
    case .stepState(let step, let word, let note):
      if ProgressState(rawValue: word)?.isFinished == true { state.over[name, default: []].insert(step) }
      let count = state.over[name]?.count ?? 0
      change(name, &state) { line in
        line.done = Int64(count)
        line.note = note.map { "\(step): \($0)" }
      }
    case .operationStarted(let step, let title):
      change(name, &state) { ($0.title, $0.note) = ("\(step): \(title)", nil) }
    case .blocked(let step, let blockers, _):
      change(name, &state) { $0.note = "\(step) waits for " + blockers.map(\.description).joined(separator: ", ") }
    case .retrying(let step, let attempt, let of, _, let reason):
      change(name, &state) { $0.note = "\(step): attempt \(attempt) of \(of): \(reason)" }
    case .heldByAnother(let step, let runner, _): change(name, &state) { $0.note = "\(step) is held by \(runner)" }
    case .operationSkipped, .operationDone, .progress, .notice, .runFinished: break
    }
  }

  private func change(_ name: String, _ state: inout State, _ body: (inout ProgressLine) -> Void) {
    guard let place = state.places[name] else { return }
    body(&state.model.steps[place])
    state.model.steps[place].elapsed = state.began[name].map { $0.duration(to: .now) }
  }

  private static func state(of standing: TargetOutcome.Standing) -> ProgressState {
    switch standing {
    case .succeeded: .done
    case .failed, .drift, .refused, .rolledBack: .failed
    case .blocked: .blocked
    case .waiting, .held, .stopped: .waiting
    case .pending: .pending
    }
  }
}
