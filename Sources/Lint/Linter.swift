package import SQLText

/// Runs every rule over SQL text, whoever wrote it.
package enum Linter {
  /// A file of statements; transactions are those it opens itself.
  package static func lint(_ sql: String, _ context: LintContext = LintContext()) -> [LintFinding] {
    let (statements, errors) = SQLParser.parseEach(sql)
    return (errors.map { SyntaxError.finding($0, context) } + lint(statements, context))
      .sorted { $0.position < $1.position }
  }

  /// Statements in their order; `inTransaction`: whoever runs them puts one transaction around all.
  package static func lint(
    _ statements: [ParsedStatement], inTransaction: Bool = false, _ context: LintContext = LintContext()
  ) -> [LintFinding] {
    var pass = LintPass(context: context, around: Surroundings(inTransaction: inTransaction))
    return statements.flatMap { pass.examine($0) }
  }
}

/// One text being read from front to back.
struct LintPass {
  let context: LintContext
  var around: Surroundings

  mutating func examine(_ statement: ParsedStatement) -> [LintFinding] {
    let subject = Subject(statement)
    var findings: [LintFinding] = []
    for rule in RuleRegistry.rules(for: statement.node) {
      findings += rule.check(subject, around, context)
    }
    for finding in findings where RuleRegistry.onceOnly.contains(finding.code) { around.say(finding.code) }
    around.pass(subject)
    return findings
  }
}
