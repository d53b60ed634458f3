import JSONText
import SQLText

enum RefreshInTrigger: Rule {
  static let code = "lint.refresh_in_trigger"
  static let summary = "A trigger function refreshes a materialized view: every write waits for the whole query."
  static let advice = "mark the view dirty in a queue table and refresh from a worker (matview.trigger)"
  static let nodes = ["CreateFunctionStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree["returnType"]?.names("names").last == "trigger", let code = subject.code,
      code.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
        "refresh materialized view")
    else { return [] }
    return [
      finding(
        subject, "each writing statement recomputes the view inside its own transaction",
        blocks: "writers wait for each other and for the view's query, readers of the view for both")
    ]
  }
}
