import FoundationEssentials
import RunModel
import Testing

@Suite struct MachineTests {
  @Test("an event has at most one outcome in a state")
  func deterministic() {
    func check<Machine: StateMachine>(_ machine: Machine.Type) {
      var seen: Set<[String]> = []
      for transition in Machine.transitions {
        #expect(
          seen.insert([transition.from.rawValue, transition.event.rawValue]).inserted,
          "\(Machine.name): \(transition.event.rawValue) in \(transition.from.rawValue)")
      }
    }
    check(RunMachine.self)
    check(StepMachine.self)
    check(TaskMachine.self)
  }

  @Test("every state but the first is reached, and every event is used")
  func complete() {
    func check<Machine: StateMachine>(_ machine: Machine.Type) {
      var reached: Set<Machine.State> = [Machine.initial]
      for _ in Machine.State.allCases {
        for transition in Machine.transitions where reached.contains(transition.from) { reached.insert(transition.to) }
      }
      #expect(reached == Set(Machine.State.allCases))
      #expect(Set(Machine.transitions.map(\.event)) == Set(Machine.Event.allCases))
    }
    check(RunMachine.self)
    check(StepMachine.self)
    check(TaskMachine.self)
  }

  @Test(
    "what no table lists is not allowed",
    arguments: [
      (StepState.done, StepEvent.claim, StepState?.none), (.pending, .finish, nil), (.skipped, .claim, nil),
      (.inDoubt, .ride, nil), (.undone, .claimUndo, nil), (.blocked, .claim, nil), (.failed, .claim, nil),
      (.pending, .ride, .done), (.running, .release, .pending), (.undoing, .release, .backoff),
      (.done, .claimUndo, .undoing), (.blocked, .retry, .pending), (.inDoubt, .retry, .inDoubt),
    ])
  func step(_ state: StepState, _ event: StepEvent, _ next: StepState?) {
    #expect(StepMachine.next(state, on: event) == next)
  }

  @Test("an intent is never finished by anything but its answer or its probe")
  func intent() {
    let leaving = TaskMachine.transitions.filter { $0.from == .intent }.map(\.event)
    #expect(Set(leaving) == [.finish, .doubt, .skip])
    #expect(TaskMachine.next(.intent, on: .begin) == nil)
    #expect(TaskMachine.next(.inDoubt, on: .begin) == nil)
    #expect(TaskMachine.next(.inDoubt, on: .finish) == nil)
  }

  @Test("docs/states.md is what the tables say")
  func document() throws {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    let path = root + "/docs/states.md"
    let text = StateDiagram.markdown()
    if ProcessInfo.processInfo.environment["CAISSON_RECORD"] == "1" {
      try FileManager.default.createDirectory(atPath: root + "/docs", withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
    let kept = try String(contentsOfFile: path, encoding: .utf8)
    #expect(kept == text, "CAISSON_RECORD=1 swift test records it")
  }
}
