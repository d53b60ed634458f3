import Testing

@testable import CommandLineKit

@Suite struct CommandParserTests {
  @Test("a value is read whichever way it is written", arguments: [
    "apply e.yaml --output json", "apply e.yaml --output=json", "apply e.yaml -o json", "apply e.yaml -ojson",
    "apply e.yaml -o=json", "apply --output json e.yaml", "apply -yao json e.yaml",
  ])
  func spellings(line: String) throws {
    let command = try #require(try Sample.command(line))
    #expect(command.value(Sample.output) == "json")
    #expect(command.argument(Sample.environment) == "e.yaml")
  }

  @Test("what is not given has its declared default or nothing")
  func defaults() throws {
    let command = try #require(try Sample.command("apply e.yaml"))
    #expect(command.value(Sample.output) == "text")
    #expect(command.value(Sample.limit) == nil)
    #expect(!command.has(Sample.yes))
    #expect(command.argument(Sample.step) == nil)
  }

  @Test("an optional value takes the next word only when it can be nothing else", arguments: [
    ("apply --wait e.yaml", nil, "e.yaml"), ("apply --wait 2h e.yaml", "2h", "e.yaml"),
    ("apply --wait=90s e.yaml", "90s", "e.yaml"), ("apply e.yaml --wait", nil, "e.yaml"),
    ("apply --wait --yes e.yaml", nil, "e.yaml"),
  ] as [(String, String?, String)])
  func optionalValues(line: String, value: String?, environment: String) throws {
    let command = try #require(try Sample.command(line))
    #expect(command.has(Sample.wait))
    #expect(command.value(Sample.wait) == value)
    #expect(command.argument(Sample.environment) == environment)
  }

  @Test("a repeatable option keeps its values in order")
  func repeatable() throws {
    let command = try #require(try Sample.command("apply e.yaml --var a=1 --var b=x=y"))
    #expect(command.assignments(Sample.variable).map(\.name) == ["a", "b"])
    #expect(command.assignments(Sample.variable).map(\.value) == ["1", "x=y"])
  }

  @Test("all is literal after a double dash")
  func doubleDash() throws {
    let command = try #require(try Sample.command("sandbox psql -- -c --help help"))
    #expect(command.path == ["tool", "sandbox", "psql"])
    #expect(command.rest(Sample.extra) == ["-c", "--help", "help"])
  }

  @Test("mistakes are named, with what was probably meant", arguments: [
    ("aply", "unknown command 'aply'", "apply"),
    ("psql", "unknown command 'psql'", "tool sandbox psql"),
    ("sandbox pu", "unknown command 'pu'", "up"),
    ("apply e.yaml --ouptut json", "unknown option '--ouptut'", "--output"),
    ("apply e.yaml --quite-different", "unknown option '--quite-different'", nil),
    ("apply e.yaml -x", "unknown option '-x'", nil),
    ("apply e.yaml --output jsn", "option '--output' must be one of text, json, not 'jsn'", "json"),
    ("apply e.yaml --output", "option '--output text|json' needs a value", nil),
    ("apply e.yaml --limit --yes", "option '--limit N' needs a value", nil),
    ("apply e.yaml --limit 101", "option '--limit' must be a whole number from 1 to 100, not '101'", nil),
    ("apply e.yaml --var =1", "option '--var' must be NAME=VALUE, not '=1'", nil),
    ("apply e.yaml --wait=soon", "option '--wait' must be a duration such as 500ms, 30s, 10min or 2h, not 'soon'", nil),
    ("apply e.yaml --yes=no", "option '--yes' takes no value", nil),
    ("apply e.yaml -n 1 -n 2", "option '--limit' is given twice", nil),
    ("apply", "ENVIRONMENT is missing: environment file, or a folder with --env", nil),
    ("apply a b c", "unexpected argument 'c'", nil),
    ("--yes apply", "option '--yes' comes before a command; options follow the command", nil),
  ] as [(String, String, String?)])
  func mistakes(line: String, message: String, suggestion: String?) throws {
    let error = try #require(throws: UsageError.self) { try Sample.parse(line) }
    #expect(error.message == message)
    #expect(error.suggestion == suggestion)
  }

  @Test("a usage error shows the usage line and the way to the help")
  func errorText() throws {
    let error = try #require(throws: UsageError.self) { try Sample.parse("sandbox psql --fiel x") }
    #expect(
      error.text == """
        tool sandbox psql: unknown option '--fiel'
        usage: tool sandbox psql [ARG ...]
        more: tool sandbox psql --help
        """)
  }

  @Test("help is one word or option away everywhere", arguments: [
    ("help", ["tool"]), ("--help", ["tool"]), ("-h", ["tool"]), ("help apply", ["tool", "apply"]),
    ("apply --help", ["tool", "apply"]), ("apply help", ["tool", "apply"]), ("apply --bogus -h", ["tool", "apply"]),
    ("sandbox help", ["tool", "sandbox"]), ("sandbox help up", ["tool", "sandbox", "up"]),
    ("help sandbox psql", ["tool", "sandbox", "psql"]), ("sandbox psql -h", ["tool", "sandbox", "psql"]),
  ])
  func help(line: String, path: [String]) throws {
    guard case .help(let found, let spec, let asked) = try Sample.parse(line) else {
      Issue.record("no help for '\(line)'")
      return
    }
    #expect(found == path)
    #expect(spec.name == path.last)
    #expect(asked)
  }

  @Test("a group without a command shows its help unasked", arguments: ["", "sandbox"])
  func bareGroup(line: String) throws {
    guard case .help(_, _, asked: false) = try Sample.parse(line) else {
      Issue.record("expected help")
      return
    }
  }

  @Test("the version is asked for before anything else")
  func version() throws {
    #expect(try Sample.parse("--version") == .version)
    #expect(throws: UsageError.self) { try Sample.parse("apply --version") }
  }

  @Test("near words are found and far ones are not", arguments: [
    ("statsu", "status"), ("stauts", "status"), ("val", "validate"), ("x", nil), ("production", nil),
  ] as [(String, String?)])
  func spelling(word: String, expected: String?) {
    #expect(Spelling.closest(to: word, among: ["status", "validate", "plan", "apply"]) == expected)
  }
}
