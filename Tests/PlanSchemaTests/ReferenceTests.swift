import PlanSchema
import Testing

@Suite struct ReferenceTests {
  @Test("references are told apart from text", arguments: [
    ("plain", [.text("plain")]), ("${a}", [.variable("a")]), ("x${a}y", [.text("x"), .variable("a"), .text("y")]),
    ("${env:HOME}", [.environment("HOME")]), ("${file:a/b.txt}", [.file("a/b.txt")]), ("$${a}", [.text("${a}")]),
    ("$x $", [.text("$x $")]), ("${each.key}", [.variable("each.key")]), ("", []), ("$$${a}", [.text("$${a}")]),
    ("é${a}", [.text("é"), .variable("a")]),
  ] as [(String, [ReferenceText.Segment])])
  func parses(_ source: String, _ expected: [ReferenceText.Segment]) throws {
    #expect(try ReferenceText(parsing: source).segments == expected)
  }

  @Test("what looks like a reference and is none is refused", arguments: [
    "${", "${a", "${}", "${1a}", "${env:}", "${env:A B}", "${env:1A}", "${file:}", "${a b}", "${a..b}", "${other:x}",
  ])
  func malformed(_ source: String) {
    #expect(throws: ReferenceText.Malformed.self) { try ReferenceText(parsing: source) }
  }

  @Test("escaped text means itself", arguments: ["${a}", "$", "$${x", "a${", "$${env:X}"])
  func escapes(_ text: String) throws {
    #expect(try ReferenceText(parsing: ReferenceText.escape(text)).segments == [.text(text)])
  }

  @Test("a secret keeps its references and resolves them only when asked")
  func secret() throws {
    let secret = try Secret.read(yaml: "postgresql://app:${env:PW}@host/db")
    #expect(secret.description == "postgresql://app:${env:PW}@host/db")
    #expect(secret.plainText == nil)
    #expect(try Secret.read(json: secret.json) == secret)
    let resolved = try secret.resolve(environment: { $0 == "PW" ? "hunter2" : nil }, folder: "/")
    #expect(resolved.revealed == "postgresql://app:hunter2@host/db")
    #expect("\(resolved)" == "***")
    #expect(String(reflecting: resolved) == "***")
    var dumped = ""
    dump(resolved, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }

  @Test("a missing secret is named, not guessed")
  func missing() throws {
    let error = #expect(throws: SecretUnavailable.self) {
      try Secret([.environment("NOPE")]).resolve(environment: { _ in nil }, folder: "/")
    }
    #expect(error?.reference == "${env:NOPE}")
    #expect(throws: SecretUnavailable.self) {
      try Secret([.file("nowhere/at-all")]).resolve(environment: { _ in nil }, folder: "/nonexistent")
    }
  }

  @Test("a file with a secret is read without its last line break")
  func file() throws {
    let secret = Secret([.text("<"), .file("version"), .text(">")])
    let resolved = try secret.resolve(environment: { _ in nil }, folder: "/proc")
    #expect(resolved.revealed.hasPrefix("<Linux"))
    #expect(!resolved.revealed.contains("\n"))
  }

  @Test("a secret is refused everywhere but in a secret")
  func notAllowed() {
    let error = #expect(throws: InvalidInput.self) { try String.read(yaml: "x${env:PW}") }
    #expect(error?.diagnostics.items.map(\.code) == ["secret.not_allowed"])
  }
}
