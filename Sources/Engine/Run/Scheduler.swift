import PlanModel
import PluginAPI
import RunModel

/// Which step comes next, from the states this process knows; the journal's claim has the last word.
struct Scheduler {
  /// More in one round trip gains nothing (measured: 16 steps hide the latency of a local socket).
  static let rideLength = 16

  enum Job: Sendable {
    case ride([CompiledPhase])
    case step(PlanStep)
  }

  private let plan: Plan
  private let needs: [String: [String]]
  private let dependents: [String: [String]]
  private var states: [String: StepState]
  private var open: [String: Int]
  private var queue: [String] = []
  private var busy: Set<String> = []
  private var heldResources: Set<String> = []
  private var resources: [String: Set<String>]
  private var rides: [String: CompiledPhase]
  private let order: [String: Int]
  private var excluded: Set<String> = []

  init(_ plan: Plan, states: [String: StepState], prepared: Preparation, only: Set<String>) {
    self.plan = plan
    self.states = states
    needs = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.id, $0.needs) })
    dependents = plan.steps.reduce(into: [:]) { map, step in
      for need in step.needs { map[need, default: []].append(step.id) }
    }
    order = Dictionary(uniqueKeysWithValues: plan.steps.enumerated().map { ($1.id, $0) })
    resources = prepared.steps.reduce(into: [:]) { map, one in
      map[one.step.id] = Set((one.compiled?.program.leaves ?? []).flatMap(\.resources).map(\.name))
    }
    rides = prepared.steps.reduce(into: [:]) { map, one in
      if let compiled = one.compiled, compiled.rides { map[one.step.id] = compiled }
    }
    excluded = Set(plan.steps.map(\.id)).subtracting(only)
    open = [:]
    for step in plan.steps {
      let missing = step.needs.filter { !Scheduler.satisfied(states[$0]) }.count
      open[step.id] = missing
      if missing == 0, isPending(step.id) { queue.append(step.id) }
    }
  }

  static func satisfied(_ state: StepState?) -> Bool { state == .done || state == .skipped }

  private func isPending(_ id: String) -> Bool {
    guard !excluded.contains(id) else { return false }
    switch states[id] {
    case .pending, .backoff, .waiting, .inDoubt, nil: return true
    default: return false
    }
  }

  var hasReady: Bool { !queue.isEmpty }
  var isBusy: Bool { !busy.isEmpty }
  func state(of id: String) -> StepState? { states[id] }

  /// The next job, or `nil` when everything ready waits for a resource that is in use.
  mutating func next(width: Int) -> Job? {
    guard let place = queue.firstIndex(where: { (resources[$0] ?? []).isDisjoint(with: heldResources) }) else { return nil }
    let id = queue.remove(at: place)
    busy.insert(id)
    guard let first = rides[id] else {
      heldResources.formUnion(resources[id] ?? [])
      return plan[id: id].map(Job.step)
    }
    return .ride(first.needsAnswer ? [first] : batch(from: first, width: width))
  }

  /// The step, what becomes ready behind it, and its share of what is ready beside it.
  private mutating func batch(from first: CompiledPhase, width: Int) -> [CompiledPhase] {
    var batch = [first]
    var inside: Set<String> = [first.step.id]
    let share = max(1, min(Scheduler.rideLength, (queue.count + width) / max(1, width)))
    var place = 0
    while batch.count < share, place < queue.count {
      if let other = rides[queue[place]], !other.needsAnswer {
        inside.insert(queue.remove(at: place))
        batch.append(other)
      } else {
        place += 1
      }
    }
    var frontier = batch.map(\.step.id)
    while batch.count < Scheduler.rideLength, let id = frontier.first {
      frontier.removeFirst()
      for follower in dependents[id] ?? [] where batch.count < Scheduler.rideLength {
        guard let ride = rides[follower], !ride.needsAnswer, isPending(follower), !inside.contains(follower),
          (needs[follower] ?? []).allSatisfy({ Scheduler.satisfied(states[$0]) || inside.contains($0) }),
          queue.isEmpty || width == 1
        else { continue }
        inside.insert(follower)
        batch.append(ride)
        frontier.append(follower)
      }
    }
    busy.formUnion(inside)
    return batch
  }

  /// Records how a step ended and makes ready what waited for it.
  mutating func ended(_ id: String, as state: StepState) {
    busy.remove(id)
    if rides[id] == nil { heldResources.subtract(resources[id] ?? []) }
    queue.removeAll { $0 == id }
    let was = states[id]
    states[id] = state
    if Scheduler.satisfied(state), !Scheduler.satisfied(was) {
      for follower in dependents[id] ?? [] {
        open[follower, default: 0] -= 1
        if open[follower] == 0, isPending(follower), !busy.contains(follower) { enqueue(follower) }
      }
    } else if isPending(id), open[id] == 0 {
      enqueue(id)
    }
  }

  /// The ordinary path from now on: a ride of it failed, and failures are recorded there.
  mutating func demote(_ id: String) { rides[id] = nil }

  private mutating func enqueue(_ id: String) {
    guard !queue.contains(id) else { return }
    let place = queue.firstIndex { (order[$0] ?? 0) > (order[id] ?? 0) } ?? queue.count
    queue.insert(id, at: place)
  }
}
