import Testing

@testable import CommandLineKit

@Suite struct ProgressLogTests {
  private func model(_ seconds: Int, _ state: ProgressState, done: Int64 = 0) -> ProgressModel {
    ProgressModel(
      title: "p", elapsed: .seconds(seconds),
      steps: [ProgressLine(id: "copy", state: state, done: done, total: 1000, elapsed: .seconds(seconds))])
  }

  @Test("a line per change of state, and one every ten seconds in between")
  func cadence() {
    var log = ProgressLog(format: .plain)
    let moments = [
      model(0, .pending), model(1, .running), model(2, .running, done: 10), model(10, .running, done: 100),
      model(11, .running, done: 500), model(12, .running, done: 600), model(13, .done, done: 1000),
      model(60, .done, done: 1000),
    ]
    #expect(
      moments.map { log.lines($0) } == [
        [], ["[1s] copy: running, 0%, 0 of 1,000 rows"], [], [], ["[11s] copy: running, 50%, 500 of 1,000 rows"], [],
        ["[13s] copy: done, 1,000 rows, after 13s"], [],
      ])
  }

  @Test("the reason for waiting is part of the line")
  func note() {
    var log = ProgressLog(format: .plain)
    let step = ProgressLine(id: "swap", state: .waiting, note: "waiting for pid 123\n(user app, 12 s)")
    #expect(log.lines(ProgressModel(title: "p", steps: [step]))
      == ["[0ms] swap: waiting, waiting for pid 123 (user app, 12 s)"])
  }

  @Test("ndjson has one object per line with the journal's names")
  func ndjson() {
    var log = ProgressLog(format: .ndjson)
    let step = ProgressLine(
      id: "a\"b", title: "build", state: .inDoubt, done: 1, total: 4, eta: .milliseconds(1500), note: "line\nbreak")
    #expect(
      log.lines(ProgressModel(title: "p", elapsed: .milliseconds(2250), steps: [step])) == [
        #"{"type":"progress","step":"a\"b","state":"in_doubt","elapsed":2.25,"title":"build","fraction":0.25,"#
          + #""done":1,"total":4,"unit":"rows","eta":1.5,"note":"line\nbreak"}"#
      ])
  }
}
