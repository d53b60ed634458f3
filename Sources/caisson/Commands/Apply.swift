import CommandLineKit

/// `caisson apply ENVIRONMENT`
struct ApplyCommand {
  static let until = OptionSpec.value("until", "STEP", .text, "stop when this step is done")
  static let again = OptionSpec.flag("again", "compile and run an unchanged plan once more")
  static let amend = OptionSpec.flag("amend", "go on with the plan as it is edited now")

  static let spec = CommandSpec(
    "apply", summary: "run a plan, or go on with the run that was stopped",
    discussion: """
      Installs the journal where it is missing. All findings of all steps are reported before anything runs. After a
      crash the same command goes on with the same run: what has been committed is never done again.

      The first Ctrl-C finishes the chunk at hand or cancels the statement after 10 s, saves the checkpoint and exits
      with 4; the second cancels at once.
      """,
    section: Section.run, arguments: [.environment],
    options: [until, .wait, again, amend, .environment, .variable, .yes, .output],
    examples: [
      CommandExample("caisson apply staging.yaml", "everything the plan has for staging"),
      CommandExample("caisson apply production.yaml --until index --wait=2h", "up to a step, waiting if another runner holds it"),
      CommandExample("caisson apply plans/shop -e staging --var table=public.orders -y", "from a script"),
    ])
}
