import CommandLineKit

/// `caisson skip ENVIRONMENT STEP --reason TEXT`
struct SkipCommand {
  static let spec = CommandSpec(
    "skip", summary: "go on without a step",
    discussion: "The step counts as skipped, by you, for your reason; what needs it runs as if it were done.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .yes, .output],
    examples: [
      CommandExample(
        #"caisson skip staging.yaml index --reason "table absent here""#, "then: caisson resume staging.yaml")
    ])
}
