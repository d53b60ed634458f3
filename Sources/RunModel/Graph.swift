/// Steps and what they need, in the order of the plan.
package struct Graph: Sendable, Hashable {
  /// Step ids, each after all it needs; where needs leave a choice, in the order of the plan.
  package let order: [String]
  package let needs: [String: [String]]
  /// The same edges, the other way round.
  package let wantedBy: [String: [String]]

  package enum Failure: Error, Sendable, Hashable {
    /// Each needs the next, the last one the first.
    case cycle([String])
    case unknown(step: String, need: String)
    case duplicate(String)
  }

  package init(_ steps: [(id: String, needs: [String])]) throws(Failure) {
    var needs: [String: [String]] = [:]
    for step in steps where needs.updateValue(step.needs, forKey: step.id) != nil { throw .duplicate(step.id) }
    var wantedBy: [String: [String]] = [:]
    for step in steps {
      for need in step.needs {
        if needs[need] == nil { throw .unknown(step: step.id, need: need) }
        wantedBy[need, default: []].append(step.id)
      }
    }
    self.needs = needs
    self.wantedBy = wantedBy
    order = Graph.sorted(steps.map(\.id), needs, wantedBy)
    if order.count < steps.count { throw .cycle(Graph.cycle(among: Set(needs.keys).subtracting(order), needs)) }
  }

  /// Kahn's algorithm with a heap of plan positions: stable, and linear but for the heap.
  private static func sorted(
    _ ids: [String], _ needs: [String: [String]], _ wantedBy: [String: [String]]
  ) -> [String] {
    var place: [String: Int] = [:]
    for (index, id) in ids.enumerated() { place[id] = index }
    var missing = needs.mapValues(\.count)
    var free = MinHeap<Int>()
    for (index, id) in ids.enumerated() where missing[id] == 0 { free.insert(index) }
    var order: [String] = []
    while let index = free.popSmallest() {
      order.append(ids[index])
      for dependent in wantedBy[ids[index], default: []] {
        missing[dependent, default: 0] -= 1
        if missing[dependent] == 0, let index = place[dependent] { free.insert(index) }
      }
    }
    return order
  }

  private static func cycle(among stuck: Set<String>, _ needs: [String: [String]]) -> [String] {
    var path: [String] = []
    var step = stuck.min()
    while let here = step, !path.contains(here) {
      path.append(here)
      step = needs[here]?.first { stuck.contains($0) }
    }
    return step.flatMap { path.firstIndex(of: $0) }.map { Array(path[$0...]) } ?? path
  }
}

extension Graph {
  /// Everything that needs `step`, directly or not, in topological order.
  package func descendants(of step: String) -> [String] { reachable(from: step, along: wantedBy) }

  /// Everything `step` needs, directly or not, in topological order.
  package func ancestors(of step: String) -> [String] { reachable(from: step, along: needs) }

  private func reachable(from step: String, along edges: [String: [String]]) -> [String] {
    var seen: Set<String> = []
    var open = edges[step, default: []]
    while let next = open.popLast() {
      if seen.insert(next).inserted { open += edges[next, default: []] }
    }
    return order.filter(seen.contains)
  }

  /// Steps that may be claimed now; a step without an entry is pending.
  package func ready(_ states: [String: StepState]) -> [String] {
    order.filter { step in
      (states[step] ?? .pending).isClaimable
        && needs[step, default: []].allSatisfy { states[$0]?.isSatisfied ?? false }
    }
  }

  /// The order of a rollback.
  package var undoOrder: [String] { order.reversed() }

  /// Steps that may be taken back now: nothing that depends on them has anything left to take back.
  /// `states` holds the steps that ever ran; others have nothing to undo.
  package func undoReady(_ states: [String: StepState]) -> [String] {
    var blocked: Set<String> = []
    var ready: [String] = []
    for step in undoOrder {
      let waits = wantedBy[step, default: []].contains(where: blocked.contains)
      guard let state = states[step], state != .undone else {
        if waits { blocked.insert(step) }
        continue
      }
      blocked.insert(step)
      if !waits, !state.isHeld { ready.append(step) }
    }
    return ready
  }
}
