import Testing

@Suite struct CorpusTests {
  @Test("a malformed plan is refused with exactly these findings at exactly these places", arguments: CorpusCase.all)
  func malformed(_ one: CorpusCase) {
    let found = one.diagnose()
    #expect(found.lines == one.expected, "\(found.rendered)")
  }

  @Test("the corpus holds at least 80 cases, each with an error expected")
  func size() {
    #expect(CorpusCase.all.count >= 80)
    #expect(Set(CorpusCase.all.map(\.name)).count == CorpusCase.all.count)
    for one in CorpusCase.all {
      #expect(one.expected.contains { !$0.contains("(warning)") }, "\(one.name)")
    }
  }
}
