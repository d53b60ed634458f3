import RunModel
import Testing

@Suite struct InvariantTests {
  @Test("names are dotted and texts are one sentence each")
  func names() {
    #expect(Set(Invariant.allCases.map(\.text)).count == Invariant.allCases.count)
    for invariant in Invariant.allCases {
      #expect(invariant.rawValue.wholeMatch(of: #/[a-z]+\.[a-z_]+/#) != nil, "\(invariant)")
    }
  }
}
