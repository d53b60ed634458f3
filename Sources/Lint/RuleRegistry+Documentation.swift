extension RuleRegistry {
  /// The page `docs/lint.md`, written from the rules themselves.
  package static var documentation: String {
    let rows = all.sorted { $0.code < $1.code }.map {
      "| `\($0.code)` | \($0.severity.rawValue) | \(cell($0.summary)) | \(cell($0.advice)) |"
    }
    return """
      # Lint: what the statements of a plan are checked for

      Every statement that a step compiles, and every statement of a SQL file, is parsed with PostgreSQL's own grammar
      and shown to the rules below. A *refusal* means that PostgreSQL would answer with an error: the plan does not run.
      A *warning* names what happens, whom it blocks and the safe way; it stops nothing. Tables created by the same
      text are new to everybody else, so that no lock or scan of them is reported. The grammar is that of PostgreSQL 15:
      what only a newer server understands is reported as not linted and left to that server.

      This page is written from the rules (`CAISSON_RECORD=1 swift test --filter LintTests`).

      | code | severity | what happens | the safe way |
      |---|---|---|---|
      \(rows.joined(separator: "\n"))

      """
  }

  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
