import JSONText
import PlanSchema
import Testing
import YAMLTree

@Suite struct DiagnosticsTests {
  @Test("a finding is rendered with its place, the line, carets and what was meant")
  func render() {
    let error = #expect(throws: InvalidInput.self) {
      try IndexDrop.read(yaml: "name: a\nnmae: b", file: "plan.yaml")
    }
    #expect(
      error?.description == """
        plan.yaml:2:1: error: unknown key `nmae` [key.unknown]
         2 | nmae: b
           | ^^^^
          did you mean `name`?
        """)
  }

  @Test("a finding without a place is rendered without one")
  func nowhere() {
    let error = #expect(throws: InvalidInput.self) { try Int.read(json: "x") }
    #expect(error?.description.hasPrefix("error: a whole number") == true)
  }

  @Test("findings are sorted by file and place, equal ones kept once, and too many counted")
  func order() {
    var report = Diagnostics()
    func range(_ file: String, _ line: Int) -> SourceRange {
      let mark = Mark(line: line, column: 1, offset: 0)
      return SourceRange(file: file, start: mark, end: mark)
    }
    report.error("x", "second", at: range("b", 1))
    report.error("x", "third", at: range("b", 2))
    report.error("x", "first", at: range("a", 9))
    report.error("x", "first", at: range("a", 9))
    #expect(report.sorted.map(\.message) == ["first", "second", "third"])
    for line in 0..<1000 { report.warning("w", "much", at: range("c", line)) }
    #expect(report.items.count == 500)
    #expect(report.dropped == 503)
    #expect(report.render().hasSuffix("… and 503 more"))
  }

  @Test("an error beyond the limit is still an error")
  func droppedError() {
    var report = Diagnostics()
    for line in 0..<500 {
      let mark = Mark(line: line, column: 1, offset: 0)
      report.note("n", "note", at: SourceRange(file: "", start: mark, end: mark))
    }
    #expect(!report.hasErrors)
    report.error("e", "late", at: .nowhere)
    #expect(report.hasErrors)
  }

  @Test("findings for machines carry code, place and severity")
  func json() {
    let mark = Mark(line: 3, column: 4, offset: 9)
    let range = SourceRange(file: "p.yaml", start: mark, end: Mark(line: 3, column: 6, offset: 11))
    let json = Diagnostic(.warning, "a.b", "text", at: range, hint: "do", didYouMean: "x").json
    #expect(json["code"] == "a.b")
    #expect(json["line"] == 3)
    #expect(json["end_column"] == 6)
    #expect(json["did_you_mean"] == "x")
    #expect(json["severity"] == "warning")
  }
}
