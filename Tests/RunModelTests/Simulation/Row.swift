import RunModel

/// A row of any of the journal's tables: the columns that decide something, of all of them, so that one array of plain
/// values is the whole store.
struct Row {
  var exists = false
  var run = RunState.running
  var desired = DesiredState.run
  var step = StepState.pending
  var task = TaskState.pending
  var outcome = AttemptOutcome?.none
  /// The hint of a step.
  var ready = false
  /// Of an attempt: it takes back. Of a runner: proven dead. Of a step: done by the engine.
  /// Of a gate: closed.
  var flag = false
  var fence = 0
  /// Of a step: attempts so far. Of a task: work transactions committed. Of an attempt: its number. Of data: its value.
  var number = 0
  var runner = 0
  /// Of a lease: its end. Of a step: not before. Of a gate: since when.
  var time = 0
  /// Of an attempt: its step.
  var owner = 0
}

/// Where each row lies.
struct Places {
  let steps: Int
  let runners: Int
  static let perStep = 4

  let run = 0
  func step(_ number: Int) -> Int { 1 + number }
  func lease(_ number: Int) -> Int { 1 + steps + number }
  func runner(_ number: Int) -> Int { 1 + 2 * steps + number }
  /// Two forward tasks, then the two that take them back.
  func task(_ step: Int, _ slot: Int) -> Int { 1 + 2 * steps + runners + step * Self.perStep + slot }
  /// What the application sees of a forward task's work.
  func data(_ step: Int, _ slot: Int) -> Int { 1 + 2 * steps + runners + (steps + step) * Self.perStep + slot }
  /// What was last judged of what keeps a step waiting.
  func gate(_ step: Int) -> Int { 1 + 2 * steps + runners + 2 * steps * Self.perStep + step }
  /// Attempts are appended from here on.
  var attempts: Int { gate(steps) }

  /// The step a row belongs to.
  func owner(of place: Int) -> Int? {
    switch place {
    case 1...steps: return place - 1
    case (1 + steps)...(2 * steps): return place - 1 - steps
    case let place where place >= 1 + 2 * steps + runners && place < gate(0):
      return ((place - 1 - 2 * steps - runners) / Self.perStep) % steps
    default: return nil
    }
  }
}
