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
    let resources: [Resource]
    var ride: CompiledPhase?
    var needs: [Int] = []
    var dependents: [Int] = []
    var state: StepState
    /// It was begun here and has its resources.
    var isUsing = false
    /// Needs not yet satisfied.
    var open = 0
    var isExcluded: Bool
    var isForeign = false
    /// A gate before it was closed when it was last asked.
    var isGated = false

    var isPending: Bool { !isExcluded && !isForeign && !isGated && [.pending, .backoff, .waiting, .inDoubt].contains(state) }
    var isSatisfied: Bool { state == .done || state == .skipped }
  }

  private var nodes: [Node]
  private let numbers: [String: Int]
  private var queue: [Int] = []
  private var busy: Set<Int> = []
  private var inUse = ResourcesInUse()
  /// Several runners beginning at the same end of the queue would claim the same steps all the time.
  private let spreads: Bool

  init(
    _ plan: Plan, states: [String: StepState], prepared: Preparation, only: Set<String>, spreads: Bool = false,
    watched: Set<String> = []
  ) {
    self.spreads = spreads
    let prepared = Dictionary(prepared.steps.map { ($0.step.id, $0) }, uniquingKeysWith: { first, _ in first })
    nodes = plan.steps.map { step in
      let compiled = prepared[step.id]?.compiled
      return Node(
        step: step, resources: Resource.merged((compiled?.program.everyLeaf ?? []).flatMap(\.held)),
        ride: compiled.flatMap { $0.rides && !watched.contains(step.id) ? $0 : nil }, state: states[step.id] ?? .pending,
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
    let free = { [nodes, inUse] in inUse.allow(nodes[$0].resources) }
    let from = spreads && !queue.isEmpty ? Int.random(in: queue.indices) : 0
    guard let place = queue[from...].firstIndex(where: free) ?? queue.firstIndex(where: free) else { return nil }
    let number = queue.remove(at: place)
    busy.insert(number)
    guard let ride = nodes[number].ride else {
      inUse.add(nodes[number].resources)
      nodes[number].isUsing = true
      return .step(nodes[number].step)
    }
    return .ride(ride.needsAnswer ? [ride] : batch(from: number, at: spreads ? place : 0, width: width))
  }

  /// The step, its share of what is ready beside it, and, when nothing else is ready, what becomes ready behind it.
  private mutating func batch(from first: Int, at place: Int, width: Int) -> [CompiledPhase] {
    var batch = [first]
    let share = max(1, min(Scheduler.rideLength, (queue.count + width) / max(1, width)))
    while batch.count < share, queue.indices.contains(place), isPlainRide(queue[place]) {
      batch.append(queue.remove(at: place))
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
    if nodes[number].isUsing { inUse.remove(nodes[number].resources) }
    nodes[number].isUsing = false
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

  /// Not to be claimed before it is asked again.
  mutating func close(_ id: String) {
    guard let number = numbers[id] else { return }
    nodes[number].isGated = true
    ended(id, as: nodes[number].state)
  }

  /// Its gate is to be asked again.
  mutating func reopen(_ id: String) {
    guard let number = numbers[id] else { return }
    nodes[number].isGated = false
    enqueueIfReady(number)
  }

  /// Another host's: nothing to try here.
  mutating func leave(_ ids: [String]) {
    for number in ids.compactMap({ numbers[$0] }) where !nodes[number].isForeign {
      nodes[number].isForeign = true
      queue.removeAll { $0 == number }
    }
  }

  /// A step taken over from a runner that is gone; false when it is being worked on here already.
  mutating func takes(_ id: String) -> Bool {
    guard let number = numbers[id], busy.insert(number).inserted else { return false }
    queue.removeAll { $0 == number }
    return true
  }

  /// What others have done meanwhile.
  mutating func refresh(_ states: [String: StepState]) {
    for node in nodes {
      guard let number = numbers[node.step.id], !busy.contains(number), let state = states[node.step.id],
        state != node.state
      else { continue }
      if state.isHeld || state == .failed || state == .blocked { queue.removeAll { $0 == number } }
      ended(node.step.id, as: state)
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
