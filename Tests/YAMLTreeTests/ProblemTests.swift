import Testing
import YAMLTree

@Suite struct ProblemTests {
  private func problems(_ bytes: [UInt8], _ limits: YAMLLimits = YAMLLimits()) -> [String] {
    YAMLText(bytes, file: "t", limits: limits).problems.map {
      "\($0.range.start.line):\($0.range.start.column) \($0.code)"
    }
  }

  @Test(
    "what is wrong is said with its code and place",
    arguments: [
      ("", "1:1 yaml.empty"), ("# only words\n", "1:1 yaml.empty"), ("a: 1\na: 2", "2:1 yaml.duplicate_key"),
      ("a: [1, 2", "1:4 yaml.syntax"), ("a:\n\tb: 1", "2:1 yaml.syntax"), ("a: b: c", "1:5 yaml.syntax"),
      ("a: *x", "1:4 yaml.unknown_alias"), ("a: &x [*x]", "1:8 yaml.recursive_alias"),
      ("a: !person x", "1:4 yaml.unknown_tag"), ("a: 1\n---\nb: 2", "2:1 yaml.several_documents"),
      ("<<: {a: 1}", "1:1 yaml.merge_key"), ("[a]: b", "1:1 yaml.key"), ("a: 1\n: 2", "2:1 yaml.syntax"),
      ("? \n: 2", "1:2 yaml.key"), ("a: [1, }", "1:8 yaml.syntax"),
      ("a: \u{0}", "1:4 yaml.nul"), ("a: \u{7}", "1:4 yaml.control_character"),
      ("a: b\u{2028}c", "1:5 yaml.line_separator"), ("\u{FEFF}a: 1", "1:1 yaml.byte_order_mark"),
      ("a: \u{FEFF}", "1:4 yaml.byte_order_mark"), ("a: \u{85}", "1:4 yaml.line_separator"),
      ("a: \u{FFFF}", "1:4 yaml.control_character"), ("a: 'x\n\n", "1:4 yaml.syntax"), ("a: @x", "1:4 yaml.syntax"),
    ])
  func codes(_ source: String, _ expected: String) {
    #expect(problems(Array(source.utf8)) == [expected])
  }

  @Test(
    "bytes that are not UTF-8 are located",
    arguments: [
      ([0x61, 0x3A, 0x20, 0xFF], "1:4 yaml.not_utf8"), ([0xFF, 0xFE, 0x61, 0x00], "1:1 yaml.not_utf8"),
      ([0x61, 0x0A, 0xC3], "2:1 yaml.not_utf8"), ([0xED, 0xA0, 0x80], "1:1 yaml.not_utf8"),
      ([0xC0, 0x80], "1:1 yaml.not_utf8"),
    ] as [([UInt8], String)])
  func encodings(_ bytes: [UInt8], _ expected: String) {
    #expect(problems(bytes) == [expected])
  }

  @Test("the first of two equal keys is named too")
  func duplicate() throws {
    let problem = try #require(YAMLText("a: 1\nb: 2\na: 3", file: "t").problems.first)
    #expect(problem.related?.start.line == 1)
    #expect(problem.range.start.line == 3)
  }

  @Test("problems that leave the tree readable are all reported")
  func several() {
    let text = YAMLText("a: !x 1\nb: *nothing\nc: 1\nc: 2\n<<: {}\nd: 4", file: "t")
    #expect(
      text.problems.map(\.code) == [
        "yaml.unknown_tag", "yaml.unknown_alias", "yaml.duplicate_key", "yaml.merge_key",
      ])
    #expect(text.root?["d"]?.text == "4")
    #expect(text.root?["a"]?.isErroneous == true)
  }

  @Test("64 levels are read, 65 are refused", arguments: [("[", "]"), ("{a: ", "}")])
  func depth(_ open: String, _ close: String) {
    func nested(_ count: Int) -> [UInt8] {
      Array((String(repeating: open, count: count) + "1" + String(repeating: close, count: count)).utf8)
    }
    #expect(problems(nested(64)) == [])
    #expect(problems(nested(65)) == ["1:\(64 * open.count + 1) yaml.too_deep"])
    #expect(problems(nested(20_000)).count == 1)
  }

  @Test("depth counts through aliases")
  func depthOfAliases() {
    var source = "a0: &a0 [1]\n"
    for level in 1...80 { source += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(problems(Array(source.utf8)) == ["64:12 yaml.too_deep"])
  }

  @Test("a billion laughs stop at the node limit")
  func bomb() {
    var source = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let repeated = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
      source += "a\(level): &a\(level) [\(repeated)]\n"
    }
    let text = YAMLText(source, file: "t")
    #expect(text.root == nil)
    #expect(text.problems.map(\.code) == ["yaml.aliases"])
  }

  @Test("long texts repeated by aliases stop at their own limit")
  func textBomb() {
    let long = String(repeating: "x", count: 1 << 20)
    let source = "a: &a \(long)\nb: [*a, *a, *a, *a, *a]"
    #expect(problems(Array(source.utf8)) == ["2:21 yaml.aliases"])
  }

  @Test("limits on bytes, nodes and problems hold")
  func limits() {
    var limits = YAMLLimits()
    limits.bytes = 5
    #expect(problems(Array("a: 123".utf8), limits) == ["1:1 yaml.too_large"])
    limits = YAMLLimits()
    limits.nodes = 3
    #expect(problems(Array("[1, 2, 3]".utf8), limits) == ["1:8 yaml.too_many_nodes"])
    limits = YAMLLimits()
    limits.problems = 2
    #expect(problems(Array("a: *x\nb: *x\nc: *x".utf8), limits).count == 2)
  }

  @Test("any bytes at all are read to an end", arguments: 0..<50)
  func anything(_ seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let alphabet = Array("a:-[]{}\"'|>&*!%@#?,\n\t \u{1}0~<\\x".utf8) + [0xC3, 0xFF, 0]
    for _ in 0..<100 {
      var bytes: [UInt8] = []
      for _ in 0..<60 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(alphabet[Int((state >> 33) % UInt64(alphabet.count - (seed.isMultiple(of: 2) ? 3 : 0)))])
      }
      let text = YAMLText(bytes, file: "t")
      #expect(text.root != nil || !text.problems.isEmpty)
    }
  }
}
