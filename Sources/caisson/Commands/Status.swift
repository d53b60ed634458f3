import CommandLineKit

/// `caisson status ENVIRONMENT`
struct StatusCommand {
  static let spec = CommandSpec(
    "status", summary: "show where a run stands and what to do next",
    section: Section.watch, arguments: [.environment], options: [.watch, .run, .environment, .output],
    examples: [
      CommandExample("caisson status production.yaml", "steps, progress, who blocks whom, the next command"),
      CommandExample("caisson status production.yaml --watch", "from another terminal, until the run ends"),
    ])
}
