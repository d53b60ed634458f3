import PlanModel
import PluginAPI
import RunModel

/// Which step comes next, from the states this process knows; the journal's claim has the last word.
///
/// Steps are numbered in plan order; the queue holds the ready ones, smallest number first.
struct Scheduler {
  /// Steps in one round trip at most: enough to hide its latency, few enough to show progress and to stop soon.
  static let rideLength = 64

  enum Job: Sendable {
    case ride([CompiledPhase])
    case step(PlanStep)
  }

  private struct Node {
    let step: PlanStep
    let resources: Set<String>
    var ride: CompiledPhase?
    var needs: [Int] = []
    var dependents: [Int] = []
    var state: StepState
    /// Needs not yet satisfied.
    var open = 0
    var isExcluded: Bool

    var isPending: Bool { !isExcluded && [.pending, .backoff, .waiting, .inDoubt].contains(state) }
    var isSatisfied: Bool { state == .done || state == .skipped }
  }

  private var nodes: [Node]
  private let numbers: [String: Int]
  private var queue: [Int] = []
  private var busy: Set<Int> = []
  private var resourcesInUse: Set<String> = []

  init(_ plan: Plan, states: [String: StepState], prepared: Preparation, only: Set<String>) {
    let prepared = Dictionary(prepared.steps.map { ($0.step.id, $0) }, uniquingKeysWith: { first, _ in first })
    nodes = plan.steps.map { step in
      let compiled = prepared[step.id]?.compiled
      return Node(
        step: step, resources: Set((compiled?.program.leaves ?? []).flatMap(\.resources).map(\.name)),
        ride: compiled.flatMap { $0.rides ? $0 : nil }, state: states[step.id] ?? .pending,
        isExcluded: !only.contains(step.id))
    }
    let numbers = Dictionary(uniqueKeysWithValues: plan.steps.enumerated().map { ($1.id, $0) })
    self.numbers = numbers
    for (number, step) in plan.steps.enumerated() {
      nodes[number].needs = step.needs.compactMap { numbers[$0] }
      for need in nodes[number].needs { nodes[need].dependents.append(number) }
    }
    for number in nodes.indices {
      nodes[number].open = nodes[number].needs.count { !nodes[$0].isSatisfied }
      if nodes[number].open == 0, nodes[number].isPending { queue.append(number) }
    }
  }

  var hasReady: Bool { !queue.isEmpty }
  var isBusy: Bool { !busy.isEmpty }

  /// The next job, or `nil` when everything ready waits for a resource that is in use.
  mutating func next(width: Int) -> Job? {
    guard let place = queue.firstIndex(where: { nodes[$0].resources.isDisjoint(with: resourcesInUse) }) else { return nil }
    let number = queue.remove(at: place)
    busy.insert(number)
    guard let ride = nodes[number].ride else {
      resourcesInUse.formUnion(nodes[number].resources)
      return .step(nodes[number].step)
    }
    return .ride(ride.needsAnswer ? [ride] : batch(from: number, width: width))
  }

  /// The step, its share of what is ready beside it, and, when nothing else is ready, what becomes ready behind it.
  private mutating func batch(from first: Int, width: Int) -> [CompiledPhase] {
    var batch = [first]
    let share = max(1, min(Scheduler.rideLength, (queue.count + width) / max(1, width)))
    while batch.count < share, let number = queue.first, isPlainRide(number) {
      queue.removeFirst()
      batch.append(number)
    }
    if queue.isEmpty { follow(&batch) }
    busy.formUnion(batch)
    return batch.compactMap { nodes[$0].ride }
  }

  private func follow(_ batch: inout [Int]) {
    var inside = Set(batch)
    var next = 0
    while next < batch.count, batch.count < Scheduler.rideLength {
      for follower in nodes[batch[next]].dependents where batch.count < Scheduler.rideLength {
        guard isPlainRide(follower), nodes[follower].isPending, !inside.contains(follower), !busy.contains(follower),
          nodes[follower].needs.allSatisfy({ nodes[$0].isSatisfied || inside.contains($0) })
        else { continue }
        inside.insert(follower)
        batch.append(follower)
      }
      // A fan-out behind one step is better spread over the connections.
      if nodes[batch[next]].dependents.count > 1 { return }
      next += 1
    }
  }

  private func isPlainRide(_ number: Int) -> Bool { nodes[number].ride.map { !$0.needsAnswer } ?? false }

  /// Records how a step ended and makes ready what waited for it.
  mutating func ended(_ id: String, as state: StepState) {
    guard let number = numbers[id] else { return }
    busy.remove(number)
    if nodes[number].ride == nil { resourcesInUse.subtract(nodes[number].resources) }
    let was = nodes[number].isSatisfied
    nodes[number].state = state
    if nodes[number].isSatisfied, !was {
      for follower in nodes[number].dependents {
        nodes[follower].open -= 1
        enqueueIfReady(follower)
      }
    } else {
      enqueueIfReady(number)
    }
  }

  /// The ordinary path from now on: failures are recorded there.
  mutating func demote(_ id: String) {
    if let number = numbers[id] { nodes[number].ride = nil }
  }

  private mutating func enqueueIfReady(_ number: Int) {
    guard nodes[number].open == 0, nodes[number].isPending, !busy.contains(number) else { return }
    let place = queue.firstIndex { $0 >= number } ?? queue.count
    if place < queue.count, queue[place] == number { return }
    queue.insert(number, at: place)
  }
}
