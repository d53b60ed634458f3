import CommandLineKit

/// `caisson logs ENVIRONMENT`
struct LogsCommand {
  static let spec = CommandSpec(
    "logs", summary: "print attempts with their errors, notices and results",
    discussion: "Every attempt of every operation: backend, duration, outcome, SQLSTATE, the server's notices.",
    section: Section.watch, arguments: [.environment],
    options: [.follow, .step, .limit(200), .run, .environment, .output],
    examples: [CommandExample("caisson logs production.yaml --step index", "what was tried for one step")])
}
