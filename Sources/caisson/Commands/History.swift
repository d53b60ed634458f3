import CommandLineKit

/// `caisson history ENVIRONMENT`
struct HistoryCommand {
  static let spec = CommandSpec(
    "history", summary: "list the runs of a target",
    section: Section.watch, arguments: [.environment], options: [.limit(20), .environment, .output],
    examples: [CommandExample("caisson history production.yaml -n 5", "the last five runs")])
}
