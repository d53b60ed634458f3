import RunModel
import Testing

@Suite struct GraphTests {
  /// The plan of the tests: two roots, a diamond, a tail.
  private func diamond() throws -> Graph {
    try Graph([
      ("tail", ["join"]), ("b", ["root"]), ("a", ["root"]), ("join", ["a", "b"]), ("root", []), ("alone", []),
    ])
  }

  @Test("needs come first, and where they leave a choice the plan's order decides")
  func order() throws {
    #expect(try diamond().order == ["root", "b", "a", "join", "tail", "alone"])
    #expect(try diamond().undoOrder == ["alone", "tail", "join", "a", "b", "root"])
  }

  @Test("a cycle is told as the steps that form it")
  func cycle() {
    #expect(throws: Graph.Failure.cycle(["c", "b"])) {
      try Graph([("a", ["c"]), ("b", ["c"]), ("c", ["b"]), ("d", [])])
    }
    #expect(throws: Graph.Failure.cycle(["x"])) { try Graph([("x", ["x"])]) }
    #expect(throws: Graph.Failure.unknown(step: "a", need: "z")) { try Graph([("a", ["z"])]) }
    #expect(throws: Graph.Failure.duplicate("a")) { try Graph([("a", []), ("a", [])]) }
  }

  @Test("a step is ready when all it needs is done or skipped")
  func ready() throws {
    let graph = try diamond()
    #expect(graph.ready([:]) == ["root", "alone"])
    #expect(graph.ready(["root": .done, "alone": .running]) == ["b", "a"])
    #expect(graph.ready(["root": .done, "a": .skipped, "b": .failed, "alone": .done]) == [])
    #expect(graph.ready(["root": .done, "a": .skipped, "b": .done, "alone": .backoff]) == ["join", "alone"])
  }

  @Test("a rollback waits for what depends on a step, also through steps that never ran")
  func undo() throws {
    let graph = try diamond()
    #expect(graph.undoReady(["root": .done, "a": .done, "b": .failed]) == ["a", "b"])
    #expect(graph.undoReady(["root": .done, "a": .undone, "b": .undone]) == ["root"])
    // join was skipped and never ran; tail did: a and b wait for it.
    #expect(graph.undoReady(["root": .done, "a": .done, "tail": .done]) == ["tail"])
    #expect(graph.undoReady(["root": .done, "a": .done, "tail": .undoing]) == [])
    #expect(graph.undoReady(["root": .undone]) == [])
  }

  @Test("descendants and ancestors, in topological order")
  func relatives() throws {
    #expect(try diamond().descendants(of: "b") == ["join", "tail"])
    #expect(try diamond().ancestors(of: "tail") == ["root", "b", "a", "join"])
    #expect(try diamond().descendants(of: "alone") == [])
  }

  @Test("ten thousand steps are sorted as they stand when they are already in order")
  func large() throws {
    let steps = (0..<10_000).map { (id: "s\($0)", needs: $0 == 0 ? [] : ["s\($0 - 1)", "s\($0 / 2)"]) }
    #expect(try Graph(steps).order == steps.map(\.id))
  }
}
