import CommandLineKit

/// `caisson validate ENVIRONMENT`
struct ValidateCommand {
  static let spec = CommandSpec(
    "validate", summary: "read plan and environment, report every mistake at once",
    discussion: """
      Touches no database. Each mistake comes with file, line, column, the line itself and what was probably meant.

      Secrets named as ${env:NAME} or ${file:path} must be there; their values are not looked at.
      """,
    section: Section.check, arguments: [.environment], options: [.environment, .variable, .output],
    examples: [
      CommandExample("caisson validate plans/shop/staging.yaml", "exit 0, or 3 with the mistakes"),
      CommandExample("caisson validate plans/shop --env production -o json", "the same for a program"),
    ])
}
