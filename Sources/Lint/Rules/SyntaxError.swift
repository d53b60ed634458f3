import JSONText
import SQLText

/// Not a look at a statement but at what is none.
package enum SyntaxError: Rule {
  package static let code = "lint.syntax"
  package static let summary =
    "PostgreSQL 15's grammar does not accept the text; on a newer server it is only not linted."
  package static let advice = "correct it; a newer server's syntax is checked by the server itself"
  package static let nodes = [""]

  package static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] { [] }

  /// Certain on the grammar's own version, a warning where the server is newer or unknown.
  static func finding(_ error: SQLParseError, _ context: LintContext) -> LintFinding {
    let isCertain = context.serverVersion.map { $0 < 160_000 } ?? false
    let what = isCertain ? error.message : "not linted: \(error.message) (PostgreSQL 15's grammar)"
    return LintFinding(
      severity: isCertain ? .refusal : .warning, code: code, what: what, rewrite: advice, position: error.position)
  }
}
