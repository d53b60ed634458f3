import Testing
import YAMLTree

@Suite struct MarkTests {
  private func range(_ node: Node?) -> String {
    guard let range = node?.range else { return "nothing" }
    return "\(range.start.line):\(range.start.column)-\(range.end.line):\(range.end.column)"
  }

  @Test("every node knows where it starts and ends")
  func ranges() throws {
    let source = """
      a: one
      b:
        - "two"
        - {c: 3}
      d: |
        text
      e:
        f: g

      """
    let root = try #require(YAMLText(source, file: "t").root)
    #expect(range(root["a"]) == "1:4-1:7")
    #expect(range(root.key("b")) == "2:1-2:2")
    #expect(range(root["b"]) == "3:3-4:11")
    #expect(range(root["b"]?.items?[0]) == "3:5-3:10")
    #expect(range(root["b"]?.items?[1]) == "4:5-4:11")
    #expect(range(root["b"]?.items?[1]["c"]) == "4:9-4:10")
    #expect(range(root["d"]) == "5:4-7:1")
    #expect(range(root["e"]) == "8:3-8:7")
    #expect(range(root) == "1:1-8:7")
  }

  @Test("columns and offsets count characters, not bytes")
  func characters() throws {
    let root = try #require(YAMLText("é: {ü: 😀, x: y}", file: "t").root)
    let inner = try #require(root["é"])
    #expect(range(inner["x"]) == "1:14-1:15")
    #expect(inner["x"]?.range.start.offset == 13)
  }

  @Test("all three line breaks count as one line each")
  func lineBreaks() throws {
    let root = try #require(YAMLText("a: 1\r\nb: 2\rc: 3\n", file: "t").root)
    #expect(range(root["b"]) == "2:4-2:5")
    #expect(range(root["c"]) == "3:4-3:5")
  }

  @Test("a repeated value stands where its alias does")
  func alias() throws {
    let root = try #require(YAMLText("a: &x [1, 2]\nb: *x\n", file: "t").root)
    #expect(range(root["b"]) == "2:4-2:6")
    #expect(range(root["b"]?.items?[1]) == "1:11-1:12")
  }

  @Test("a snippet shows the line with carets under the range")
  func snippet() throws {
    let source = "a:\n  tabel: x\n"
    let root = try #require(YAMLText(source, file: "t").root)
    let key = try #require(root["a"]?.key("tabel"))
    #expect(key.range.snippet(source) == " 2 |   tabel: x\n   |   ^^^^^")
  }

  @Test("carets keep their place behind tabs and in long lines")
  func longLines() throws {
    let long = String(repeating: "x", count: 500)
    let source = "\(long): y"
    let start = Mark(line: 1, column: 503, offset: 502)
    let range = SourceRange(file: "t", start: start, end: Mark(line: 1, column: 504, offset: 503))
    let lines = range.snippet(source).split(separator: "\n")
    let caret = try #require(lines[1].firstIndex(of: "^"))
    let place = lines[1].distance(from: lines[1].startIndex, to: caret)
    #expect(lines[0][lines[0].index(lines[0].startIndex, offsetBy: place)] == "y")
    #expect(lines[0].count < 150)
    let tabbed = SourceRange(
      file: "t", start: Mark(line: 1, column: 2, offset: 1), end: Mark(line: 1, column: 3, offset: 2))
    #expect(tabbed.snippet("\tz") == " 1 | \tz\n   | \t^")
  }

  @Test("a place outside the text has no snippet", arguments: [0, 3, 99])
  func outside(_ line: Int) {
    let mark = Mark(line: line, column: 1, offset: 0)
    #expect(SourceRange(file: "t", start: mark, end: mark).snippet("a\nb") == "")
  }
}
