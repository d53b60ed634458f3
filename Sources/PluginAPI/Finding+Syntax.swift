public import YAMLTree
import SQLText

extension Finding {
  /// Why a plan's expression is none; `nil`: it is one. What the grammar cannot read is refused whatever the server:
  /// unread text may hold anything.
  public static func syntax(ofExpression text: String, at range: SourceRange?) -> Finding? {
    do {
      try SQLParser.checkExpression(text)
      return nil
    } catch {
      return .refusal(
        "sql.syntax", "line \(error.line), column \(error.column) of the expression: \(error.message)",
        choices: ["write one scalar expression"], at: range)
    }
  }
}
