import PlanSchema
import Testing

@Suite struct SpellingTests {
  @Test("the nearest known word is offered when it is near enough", arguments: [
    ("tabel", "table"), ("colums", "columns"), ("uniqe", "unique"), ("Table", "table"), ("xyz", nil), ("to", nil),
    ("wher", "where"), ("maintenance_workmem", "maintenance_work_mem"), ("", nil), ("nam", "name"),
  ] as [(String, String?)])
  func nearest(_ word: String, _ expected: String?) {
    let known = ["table", "columns", "unique", "name", "where", "maintenance_work_mem", "x"]
    #expect(Spelling.nearest(to: word, in: known) == expected)
  }

  @Test("distance counts swaps once", arguments: [
    ("ab", "ba", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ca", "abc", 3),
  ])
  func distance(_ a: String, _ b: String, _ expected: Int) {
    #expect(Spelling.distance(Array(a.unicodeScalars), Array(b.unicodeScalars)) == expected)
    #expect(Spelling.distance(Array(b.unicodeScalars), Array(a.unicodeScalars)) == expected)
  }
}
