import FoundationEssentials
import PlanModel
import PlanSchema
import Testing
import YAMLTree

/// One malformed plan or environment with what must be said about it.
///
/// Files of the corpus hold many: `=== name` starts a case, `--- FILE` a file of it (`hex` behind the name: `\xNN`
/// stands for a byte), `--- expect` the diagnostics, one a line, as `FILE:LINE:COLUMN CODE`, warnings marked with
/// `(warning)`, a suggestion after `~`. `--- arguments` may hold `--var name=value`, `--env NAME` and `path PATH`.
/// Files a case does not give are the good ones of `standard`.
struct CorpusCase: Sendable, CustomTestStringConvertible {
  var name: String
  var files: [String: [UInt8]]
  var request: PlanRequest
  var expected: [String]

  var testDescription: String { name }

  static let standard = [
    "staging.yaml": """
    environment: staging
    target: ${env:DATABASE_URL}
    """,
    "plan.yaml": """
    caisson: 1
    plan: good
    steps:
      first:
        uses: index.create
        with: { table: orders, columns: [id] }
    """,
    "query.sql": "SELECT 1",
  ]

  static let environment = ["DATABASE_URL": "service=prod", "EMPTY": "", "TOKEN": "t"]

  static let folder: String = {
    let here = #filePath
    return String(here[..<(here.lastIndex(of: "/") ?? here.endIndex)]) + "/corpus"
  }()

  static let all: [CorpusCase] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".cases") }.sorted().flatMap { name in
      read((try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? "")
    }
  }()

  static func read(_ text: String) -> [CorpusCase] {
    var cases: [CorpusCase] = []
    var section: (name: String, lines: [Substring])?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=== ") {
        cases.finish(&section)
        cases.append(
          CorpusCase(
            name: String(line.dropFirst(4)), files: standard.mapValues { Array($0.utf8) },
            request: PlanRequest(path: "staging.yaml"), expected: []))
      } else if line.hasPrefix("--- ") {
        cases.finish(&section)
        section = (String(line.dropFirst(4)), [])
      } else {
        section?.lines.append(line)
      }
    }
    cases.finish(&section)
    return cases
  }

  mutating func take(_ section: String, _ lines: [Substring]) {
    switch section {
    case "expect":
      expected = lines.filter { !$0.isEmpty }.map(String.init)
    case "arguments":
      for line in lines where !line.isEmpty { takeArgument(line) }
    default:
      let words = section.split(separator: " ")
      let text = lines.joined(separator: "\n")
      files[String(words[0])] = words.contains("hex") ? CorpusCase.bytes(text) : Array(text.utf8)
    }
  }

  private mutating func takeArgument(_ line: Substring) {
    let words = line.split(separator: " ", maxSplits: 1)
    switch words[0] {
    case "--var":
      let parts = words[1].split(separator: "=", maxSplits: 1)
      request.variables.append((String(parts[0]), String(parts[1])))
    case "--env": request.environment = String(words[1])
    default: request.path = String(words[1])
    }
  }

  private static func bytes(_ text: String) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"),
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        rest = rest.dropFirst(3)
      } else {
        out.append(byte)
      }
    }
    return out
  }

  /// What is said about it, in the form expectations are written in.
  func diagnose() -> (lines: [String], rendered: String) {
    let loader = PlanLoader(ToySteps.registry, files: MemoryFiles(files, environment: CorpusCase.environment))
    let diagnostics: Diagnostics
    do {
      diagnostics = try loader.load(request).diagnostics
    } catch {
      diagnostics = error.diagnostics
    }
    let lines = diagnostics.sorted.map { one in
      "\(one.range) \(one.code)" + (one.severity == .error ? "" : " (\(one.severity.rawValue))")
        + (one.didYouMean.map { " ~ \($0)" } ?? "")
    }
    return (lines, diagnostics.render())
  }
}

extension [CorpusCase] {
  fileprivate mutating func finish(_ section: inout (name: String, lines: [Substring])?) {
    if let section, let last = indices.last {
      var lines = section.lines
      if lines.last?.isEmpty == true { lines.removeLast() }
      self[last].take(section.name, lines)
    }
    section = nil
  }
}
