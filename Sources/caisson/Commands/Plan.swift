import CommandLineKit

/// `caisson plan ENVIRONMENT`
struct PlanCommand {
  static let sql = OptionSpec.flag("sql", "print every statement in full")
  static let steps = OptionSpec.value("step", "STEP", .text, "only this step", repeatable: true)

  static let spec = CommandSpec(
    "plan", summary: "show what apply would do, without doing any of it",
    discussion: """
      Compiles every step in one READ ONLY transaction; a journal is not needed. Shows operations, locks per relation,
      sizes, missing privileges, and from which step on there is no way back.

      Each phase is exact, predicted (from today's catalog and the effects of earlier steps) or known only after a
      step has run. The statements printed for an exact phase are the statements that will run.
      """,
    section: Section.check, arguments: [.environment],
    options: [sql, steps, .environment, .variable, .output],
    examples: [
      CommandExample("caisson plan staging.yaml", "one block per step"),
      CommandExample("caisson plan staging.yaml --sql --step index", "the SQL of one step"),
    ])
}
