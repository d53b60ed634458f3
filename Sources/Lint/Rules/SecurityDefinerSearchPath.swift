import JSONText
import SQLText

enum SecurityDefinerSearchPath: Rule {
  static let code = "lint.security_definer_search_path"
  static let summary =
    "A SECURITY DEFINER function without its own search_path runs whatever its caller puts before it."
  static let advice = "SET search_path = pg_catalog, pg_temp in the definition, names inside qualified"
  static let nodes = ["CreateFunctionStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree.isOn("options", "security") else { return [] }
    let isPinned = subject.tree.list("options").compactMap { $0["DefElem"] }.contains {
      $0.word("defname") == "set" && $0["arg"]?["VariableSetStmt"]?.word("name") == "search_path"
    }
    guard !isPinned else { return [] }
    return [
      finding(
        subject,
        "whoever may call \(subject.tree.names("funcname").joined(separator: ".")) chooses the objects its names "
          + "mean and runs code with its owner's rights")
    ]
  }
}
