/// The order steps run in: what a step needs comes before it, otherwise the order given.
struct StepOrder {
  private let needs: [[Int]]
  private var state: [State]
  private(set) var order: [Int] = []
  /// Each cycle once: a step, what it needs, …, the step again.
  private(set) var cycles: [[Int]] = []

  private enum State { case unseen, open, done }

  /// `needs[i]` are the places of the steps that step `i` needs.
  init(needs: [[Int]]) {
    self.needs = needs
    state = Array(repeating: .unseen, count: needs.count)
    for start in needs.indices where state[start] == .unseen { visit(start) }
  }

  /// Depth first without recursion: a chain may be as long as the plan.
  private mutating func visit(_ start: Int) {
    var path: [(step: Int, next: Int)] = [(start, 0)]
    state[start] = .open
    while let (step, next) = path.last {
      guard next < needs[step].count else {
        state[step] = .done
        order.append(step)
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      let needed = needs[step][next]
      switch state[needed] {
      case .done: continue
      case .unseen:
        state[needed] = .open
        path.append((needed, 0))
      case .open:
        guard cycles.count < 20 else { continue }
        let start = path.firstIndex { $0.step == needed } ?? 0
        cycles.append(path[start...].map(\.step) + [needed])
      }
    }
  }
}
