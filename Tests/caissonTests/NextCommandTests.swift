import Testing

@testable import caisson

@Suite struct NextCommandTests {
  @Test("the next command can be pasted into a shell")
  func words() {
    let next = NextCommand(file: "plans/my shop/staging.yaml", variables: ["subject=it's 7"])
    #expect(next("resume") == #"caisson resume 'plans/my shop/staging.yaml' --var 'subject=it'\''s 7'"#)
    #expect(
      NextCommand(file: "a.yaml")("journal check", "--output", "json") == "caisson journal check a.yaml --output json")
  }

  @Test("words that a shell would change are quoted, others are not", arguments: [
    ("plain-1.yaml", "plain-1.yaml"), ("", "''"), ("a b", "'a b'"), ("$HOME", "'$HOME'"), ("*", "'*'"),
    ("orders[1]", "'orders[1]'"), ("a'b", #"'a'\''b'"#), ("über", "über"),
  ])
  func quoting(word: String, quoted: String) { #expect(NextCommand.quoted(word) == quoted) }
}
