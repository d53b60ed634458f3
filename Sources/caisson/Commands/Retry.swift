import CommandLineKit

/// `caisson retry ENVIRONMENT STEP --reason TEXT`
struct RetryCommand {
  static let spec = CommandSpec(
    "retry", summary: "let a failed or blocked step be tried again",
    discussion: "The step becomes ready with fresh attempts; resume runs it.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .yes, .output],
    examples: [
      CommandExample(
        #"caisson retry production.yaml index --reason "disk added""#, "then: caisson resume production.yaml")
    ])
}
