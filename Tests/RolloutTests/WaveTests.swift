import PlanSchema
import Rollout
import Testing

@Suite struct WaveTests {
  @Test("waves are cumulative, a part is rounded up, and a wave that adds nobody is none", arguments: [
    ("[1, 10%, 100%]", 6, [0..<1, 1..<6]), ("[1, 10%, 100%]", 1, [0..<1]),
    ("[1, 10%, 100%]", 100, [0..<1, 1..<10, 10..<100]), ("[1, 10%, 100%]", 11, [0..<1, 1..<2, 2..<11]),
    ("[50%, 100%]", 5, [0..<3, 3..<5]), ("[100%]", 3, [0..<3]), ("[2, 4, 9]", 3, [0..<2, 2..<3]), ("[1%, 2%]", 1000, [0..<10, 10..<20]),
  ])
  func slices(text: String, total: Int, expected: [Range<Int>]) throws {
    #expect(try [Wave].read(yaml: text).slices(of: total) == expected)
  }

  @Test("what is no wave is refused", arguments: ["0", "0%", "101%", "-1", "half", "1.5", "10 %"])
  func malformed(text: String) {
    let error = #expect(throws: InvalidInput.self) { try Wave.read(yaml: text) }
    #expect(error?.diagnostics.errors.map(\.code) == ["wave.form"])
  }
}
