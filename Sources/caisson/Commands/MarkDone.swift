import CommandLineKit

/// `caisson mark-done ENVIRONMENT STEP --reason TEXT`
struct MarkDoneCommand {
  static let spec = CommandSpec(
    "mark-done", summary: "declare a step done that you have finished by hand",
    discussion: "For steps that are blocked because nobody but you can know whether their work was done.",
    section: Section.intervene, arguments: [.environmentFirst, .step],
    options: [.reason, .run, .environment, .yes, .output],
    examples: [
      CommandExample(
        #"caisson mark-done production.yaml vacuum --reason "seen in pg_stat""#, "then: caisson resume production.yaml")
    ])
}
