import CommandLineKit

/// `caisson lint FILE ...`
struct LintCommand {
  static let files = ArgumentSpec("FILE", "SQL files; - for standard input", arity: .rest, kind: .file)
  static let target = OptionSpec.value(
    "target", "CONNECTION", .text, "look at this database's catalog too: a libpq string or service=NAME")

  static let spec = CommandSpec(
    "lint", summary: "find what would block or break in SQL files",
    discussion: """
      The same rules that every compiled statement goes through. With --output json an array of findings, each with
      rule_name, severity, message, file, line and column. Exit 0 without findings that would refuse, else 5.
      """,
    section: Section.check, arguments: [files], options: [target, .output],
    examples: [
      CommandExample("caisson lint migrations/*.sql", "what blocks whom, for how long, and the safe rewrite"),
      CommandExample("caisson lint -o json - < change.sql", "findings as JSON"),
    ])
}
