import CommandLineKit

/// `caisson man`
struct ManualCommand: Command {
  static let spec = CommandSpec(
    "man", summary: "print the manual page, all commands in one",
    discussion: "Made from what --help shows. For installation: /usr/local/share/man/man1/caisson.1.",
    section: Section.begin,
    examples: [
      CommandExample("caisson man | man -l -", "read it"),
      CommandExample("caisson man > caisson.1", "keep it"),
    ])

  init(_ parsed: ParsedCommand) {}

  func run(_ console: Console) -> ExitCode {
    let page = ManualPage(
      CommandTree.spec, version: Tool.version,
      exits: ExitCode.allCases.map { (Int($0.rawValue), $0.meaning) },
      variables: [
        ("CAISSON_SANDBOX_HOME", "Where the sandbox keeps its servers."),
        ("CAISSON_PG_BIN", "Folder of the PostgreSQL programs that the sandbox starts."),
        ("NO_COLOR", "No colour on a terminal."),
      ])
    return StandardStream(descriptor: console.output.descriptor).write(page.roff) ? .done : .failed
  }
}

extension ExitCode {
  /// As docs/exit-codes.md has it.
  var meaning: String {
    switch self {
    case .done: "done"
    case .failed: "failed; what was committed stays recorded; resume after a fix"
    case .usage: "usage: a wrong option, command or step name"
    case .planInvalid: "plan or environment invalid, or a secret missing"
    case .stopped: "interrupted or paused; the checkpoint is saved"
    case .refused: "refused, or waiting at a gate"
    case .heldByAnother: "another runner holds the run"
    case .drift: "plan or catalog are not what the run began with"
    case .rolledBack: "rolled back or canceled"
    case .needsPerson: "a person has to decide: retry, skip or mark-done"
    }
  }
}
