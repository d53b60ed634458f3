import RunModel
import Testing

@Suite struct PolicyTests {
  private let policy = RetryPolicy(attempts: 5, shortest: .milliseconds(200), longest: .seconds(30))

  @Test(
    "the wait doubles up to the longest; chance takes at most half of it and never goes below the shortest",
    arguments: [
      (1, 0.0, 200), (1, 0.999, 200), (2, 0.0, 200), (2, 1.0, 400), (3, 0.0, 400), (3, 1.0, 800), (8, 1.0, 25600),
      (9, 1.0, 30000), (9, 0.0, 15000), (1000, 1.0, 30000),
    ])
  func delay(_ attempt: Int, _ random: Double, _ milliseconds: Int) {
    #expect(policy.delay(after: attempt, random01: random) == .milliseconds(milliseconds))
  }

  @Test("the first attempt counts")
  func attempts() {
    #expect(policy.allowsRetry(after: 4))
    #expect(!policy.allowsRetry(after: 5))
    #expect(!RetryPolicy.once.allowsRetry(after: 1))
  }

  @Test(
    "SQLSTATE decides what a failure means",
    arguments: [
      ("55P03", FailureClass.lockContention), ("40P01", .lockContention), ("40001", .lockContention),
      ("08006", .connectionLost), ("08P01", .connectionLost), ("57P01", .connectionLost), ("57P02", .connectionLost),
      ("57P03", .connectionLost), ("25P03", .connectionLost), ("25006", .wrongNode), ("53300", .connections),
      ("53100", .resources), ("53200", .resources), ("57014", .timeout), ("42P01", .permanent), ("23505", .permanent),
      ("22P02", .permanent), ("CA001", .permanent),
    ])
  func classes(_ sqlState: String, _ expected: FailureClass) {
    #expect(FailureClass(sqlState: sqlState) == expected)
  }

  @Test("what has no SQLSTATE is judged by the connection")
  func noState() {
    #expect(FailureClass(sqlState: nil, broken: true) == .connectionLost)
    #expect(FailureClass(sqlState: nil) == .permanent)
    #expect(FailureClass(sqlState: "57014", canceledByUs: true) == .canceled)
    #expect(FailureClass(sqlState: "XX000", broken: true) == .connectionLost)
    #expect(FailureClass(sqlState: nil, broken: true, canceledByUs: true) == .connectionLost)
  }

  @Test("a full disk stops with a hint")
  func hints() {
    #expect(!FailureClass(sqlState: "53100").isRetried)
    #expect(FailureClass.hint(sqlState: "53100")?.contains("disk") == true)
    #expect(FailureClass(sqlState: "53300").isRetried)
  }

  @Test("chunks grow by at most twice, shrink at once and stay in bounds")
  func chunks() {
    var sizer = ChunkSizer(start: 1000, smallest: 100, largest: 5000, target: .seconds(1))
    sizer.note(rows: 1000, took: .milliseconds(10))
    #expect(sizer.size == 2000)
    sizer.note(rows: 2000, took: .milliseconds(800))
    #expect(sizer.size == 2500)
    sizer.note(rows: 2500, took: .milliseconds(10))
    sizer.note(rows: 5000, took: .milliseconds(10))
    #expect(sizer.size == 5000)
    sizer.note(rows: 5000, took: .seconds(10))
    #expect(sizer.size == 500)
    sizer.note(rows: 500, took: .seconds(100))
    #expect(sizer.size == 100)
    sizer.noteFailure()
    #expect(sizer.size == 100)
  }

  @Test("a chunk that found fewer rows than asked for does not make the next one larger")
  func shortChunk() {
    var sizer = ChunkSizer(start: 1000, largest: 5000, target: .seconds(1))
    sizer.note(rows: 3, took: .milliseconds(1))
    #expect(sizer.size == 1000)
    sizer.note(rows: 3, took: .seconds(2))
    #expect(sizer.size == 500)
    sizer.noteFailure()
    #expect(sizer.size == 250)
  }

  @Test(
    "what a chunk costs by itself is not saved by fewer rows: they have half as long again",
    arguments: [(own: 140, each: 10, target: 20), (own: 140, each: 1_000, target: 20), (own: 25, each: 20, target: 20)])
  func ownCost(own: Int, each: Int, target: Int) {
    var sizer = ChunkSizer(start: 10_000, smallest: 16, largest: 1_000_000, target: .milliseconds(target))
    var rows = 0, elapsed = Duration.zero
    for chunk in 1...200 {
      let took = Duration.milliseconds(own) + .microseconds(each) * sizer.size
      if chunk > 50 { (rows, elapsed) = (rows + sizer.size, elapsed + took) }
      sizer.note(rows: sizer.size, took: took)
    }
    let share = Double(rows * each) / 1e6 / elapsed.inSeconds
    #expect((0.25...0.5).contains(share), "\(share) of the time is for rows")
  }

  @Test("of several gates the first closed one speaks")
  func gates() {
    let closed = Gate.closed(reason: "window opens at 01:00", nextEvaluation: "2026-01-01 01:00+00")
    #expect(Gate.all([.open, closed, .closed(reason: "later", nextEvaluation: nil)]) == closed)
    #expect(Gate.all([]).isOpen)
  }
}
