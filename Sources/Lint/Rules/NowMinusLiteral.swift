import JSONText
import SQLText

enum NowMinusLiteral: Rule {
  static let code = "lint.now_minus_literal"
  static let summary = "`now() - '30 days'` reads the literal as a point in time, not as an interval, and fails."
  static let advice = "now() - interval '30 days'"
  static let nodes: [String] = []

  private static let clocks: Set = [
    "now", "current_timestamp", "current_date", "localtimestamp", "transaction_timestamp", "statement_timestamp",
    "clock_timestamp",
  ]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    if let code = subject.code { return inCode(code) ? [finding(subject, message + " in the body")] : [] }
    guard subject.statement.text.utf8.contains(UInt8(ascii: "-")),
      subject.walk.calls.contains(where: { clocks.contains($0.name) })
    else { return [] }
    var findings: [LintFinding] = []
    subject.tree.eachNode { kind, body in
      guard kind == "A_Expr", body.names("name") == ["-"], body["rexpr"]?["A_Const"]?["sval"] != nil,
        let left = body["lexpr"], QueryWalk(left).calls.contains(where: { clocks.contains($0.name) }),
        left["FuncCall"] != nil || left["SQLValueFunction"] != nil
      else { return }
      findings.append(finding(subject, message, at: body["location"]))
    }
    return findings
  }

  private static let message = "the literal after the minus sign is read as a time, not as an interval (SQLSTATE 22007)"

  /// The same in the text of a function, where only the words can be seen.
  private static func inCode(_ code: String) -> Bool {
    let dense = code.lowercased().filter { !$0.isWhitespace }
    return ["now()-'", "current_timestamp-'", "current_date-'", "clock_timestamp()-'"].contains { dense.contains($0) }
  }
}
