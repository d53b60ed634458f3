import CommandLineKit

/// `caisson completion SHELL`
struct CompletionCommand: Command {
  private static let shell = ArgumentSpec(
    "SHELL", "the shell, or json for the command line as data",
    kind: .choice(Shell.allCases.map(\.rawValue) + ["json"]))

  static let spec = CommandSpec(
    "completion", summary: "print a completion script for a shell", section: Section.begin, arguments: [shell],
    examples: [
      CommandExample("source <(caisson completion bash)", "completion in this shell"),
      CommandExample(
        "caisson completion fish > ~/.config/fish/completions/caisson.fish", "completion in every new fish"),
    ])

  private let shell: Shell?

  init(_ parsed: ParsedCommand) {
    shell = parsed.argument(Self.shell).flatMap(Shell.init)
  }

  func run(_ console: Console) -> ExitCode {
    let text = shell.map(CommandTree.spec.completion) ?? CommandTree.spec.json
    return StandardStream(descriptor: console.output.descriptor).write(text) ? .done : .failed
  }
}
