import CommandLineKit

/// `caisson events ENVIRONMENT`
struct EventsCommand {
  static let spec = CommandSpec(
    "events", summary: "print what happened in a run, in order",
    discussion: "With --output ndjson one object per event: the form to feed other tools with.",
    section: Section.watch, arguments: [.environment],
    options: [.follow, .step, .limit(1000), .run, .environment, .output],
    examples: [
      CommandExample("caisson events production.yaml", "the latest run's events"),
      CommandExample("caisson events production.yaml -f -o ndjson", "as they are committed"),
    ])
}
