/// A small plan: three to six steps, what they need, and what each does.
struct SimulatedPlan {
  enum Kind {
    case transaction, chunked, autocommit
  }

  struct Task {
    let kind: Kind
    /// Work transactions until it is done.
    let chunks: Int
  }

  struct Step {
    let needs: [Int]
    let tasks: [Task]
    /// Its program is one transaction: it is claimed, done and finished in one.
    let rides: Bool
  }

  let steps: [Step]
  let wantedBy: [[Int]]

  init(_ dice: inout Dice) {
    var steps: [Step] = []
    for number in 0..<(3 + dice.roll(4)) {
      var needs: [Int] = []
      for earlier in 0..<number where dice.oneIn(2) { needs.append(earlier) }
      let rides = dice.oneIn(4)
      var tasks: [Task] = []
      for _ in 0..<(rides ? 1 : 1 + dice.roll(2)) {
        switch rides ? 0 : dice.roll(3) {
        case 0: tasks.append(Task(kind: .transaction, chunks: 1))
        case 1: tasks.append(Task(kind: .chunked, chunks: 2 + dice.roll(2)))
        default: tasks.append(Task(kind: .autocommit, chunks: 1))
        }
      }
      steps.append(Step(needs: needs, tasks: tasks, rides: rides))
    }
    self.steps = steps
    var wantedBy = [[Int]](repeating: [], count: steps.count)
    for (number, step) in steps.enumerated() {
      for need in step.needs { wantedBy[need].append(number) }
    }
    self.wantedBy = wantedBy
  }
}
