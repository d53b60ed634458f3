import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// The author's expressions, checked so that nothing slips out of the parentheses they are put in.
enum BatchExpressions {
  static func findings(_ wanted: DataBatch.Parameters, server: Int) -> [Finding] {
    var list: [(text: String, range: SourceRange)] = []
    if let condition = wanted.where { list.append((condition.text, wanted.$where)) }
    for entry in wanted.set ?? [:] { list.append((entry.value.text, entry.range)) }
    for entry in wanted.insertInto?.columns ?? [:] { list.append((entry.value.text, entry.range)) }
    return list.compactMap { problem($0.text, at: $0.range) }
  }

  /// What the grammar cannot read is refused whatever the server: unread text may hold anything.
  private static func problem(_ text: String, at range: SourceRange) -> Finding? {
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
