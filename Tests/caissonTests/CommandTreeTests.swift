import CommandLineKit
import Testing

@testable import caisson

@Suite struct CommandTreeTests {
  /// Those in the tree, and those whose bodies are still to come.
  static let specs: [CommandSpec] = [
    InitCommand.spec, CompletionCommand.spec, ValidateCommand.spec, LintCommand.spec, PlanCommand.spec,
    SchemaCommand.spec, PluginsCommand.spec, ApplyCommand.spec, ResumeCommand.spec, RollbackCommand.spec,
    StatusCommand.spec, HistoryCommand.spec, EventsCommand.spec, LogsCommand.spec, RetryCommand.spec,
    SkipCommand.spec, MarkDoneCommand.spec, JournalInstallCommand.spec, JournalUpgradeCommand.spec,
    JournalCheckCommand.spec, AuditVerifyCommand.spec, SandboxUpCommand.spec, SandboxDownCommand.spec,
    SandboxPsqlCommand.spec, SandboxStatusCommand.spec, ScheduleListCommand.spec, SchedulePauseCommand.spec,
    ScheduleResumeCommand.spec, ScheduleTriggerCommand.spec, ReportCommand.spec, GraphCommand.spec, ManualCommand.spec,
  ]

  @Test("every command's page fits one screen and has an example", arguments: specs)
  func pages(spec: CommandSpec) {
    let page = spec.help(path: [Tool.name, spec.name], width: 80)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 35, "\(page)")
    #expect(lines.allSatisfy { DisplayText.width(String($0)) <= 80 }, "\(page)")
    #expect(!spec.examples.isEmpty)
    #expect(spec.summary.count <= 72 && !spec.summary.hasSuffix("."))
  }

  @Test("every example is a command line the parser takes", arguments: specs)
  func examples(spec: CommandSpec) throws {
    for example in spec.examples {
      guard let words = Self.words(of: example.command, command: spec.name) else { continue }
      let parser = CommandParser(CommandSpec(Tool.name, summary: "", subcommands: [spec]))
      guard case .run(let parsed) = try parser.parse([spec.name] + words) else {
        Issue.record("'\(example.command)' runs nothing")
        continue
      }
      #expect(parsed.spec.name == spec.name)
    }
  }

  /// `validate` reads all of them, `rollout` takes them in waves.
  @Test("a command that takes an environment takes one of its many targets", arguments: specs)
  func targets(spec: CommandSpec) {
    guard spec.options.contains(.environment), spec.name != "validate" else { return }
    #expect(spec.options.contains(.target), "\(spec.name)")
  }

  @Test("no two options of a command share a name or letter", arguments: specs)
  func optionNames(spec: CommandSpec) {
    let longs = spec.options.map(\.long), letters = spec.options.compactMap(\.short)
    #expect(Set(longs).count == longs.count)
    #expect(Set(letters).count == letters.count)
    #expect(!longs.contains("help") && !letters.contains("h"))
  }

  @Test("every command in the tree is found by its path")
  func paths() {
    for (path, spec) in CommandTree.spec.leaves { #expect(CommandTree.command(at: path)?.spec == spec) }
    #expect(CommandTree.command(at: ["caisson"]) == nil)
    #expect(CommandTree.command(at: ["caisson", "unknown"]) == nil)
  }

  /// The words after the command's name as a shell would split them.
  private static func words(of line: String, command: String) -> [String]? {
    var words: [String] = [], word = "", quote: Character?
    for character in line {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
      } else if quote == nil, character == " " {
        words.append(word)
        word = ""
      } else {
        word.append(character)
      }
    }
    words.append(word)
    guard let place = words.firstIndex(of: command) else { return nil }
    return words[(place + 1)...].prefix { !["<", ">", "|"].contains($0) }
      .map { $0.hasSuffix(")") && !$0.contains("(") ? String($0.dropLast()) : $0 }
  }
}
