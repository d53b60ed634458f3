package import RunModel
package import SQLText

/// One holding of one step by one runner: what every transition shows to prove that it was not replaced.
package struct Holding: Sendable, Hashable {
  package var run: String
  package var step: String
  package var fence: Int64
  package var attempt: Int
  package var phase: Int
  package var direction: Direction
  package var runner: String

  package init(
    run: String, step: String, fence: Int64, attempt: Int, phase: Int = 1, direction: Direction = .forward,
    runner: String
  ) {
    self.run = run
    self.step = step
    self.fence = fence
    self.attempt = attempt
    self.phase = phase
    self.direction = direction
    self.runner = runner
  }

  /// From the row `claim`, `takeOver` or `claimUndo` returned.
  package init(_ row: Row, run: String, direction: Direction = .forward, runner: String) throws(RowError) {
    self.init(
      run: run, step: try row.string("step"), fence: try row.int64("fence"), attempt: try row.int("attempt"),
      phase: try row.int("phase"), direction: row["direction"].flatMap(Direction.init) ?? direction, runner: runner)
  }

  var held: StepState { direction == .forward ? .running : .undoing }
}
