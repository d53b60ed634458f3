import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// The author's expressions, checked so that nothing slips out of the parentheses they are put in.
enum BatchExpressions {
  static func findings(_ wanted: DataBatch.Parameters) -> [Finding] {
    var list: [(text: String, range: SourceRange)] = []
    if let condition = wanted.where { list.append((condition.text, wanted.$where)) }
    for entry in wanted.set ?? [:] { list.append((entry.value.text, entry.range)) }
    for entry in wanted.insertInto?.columns ?? [:] { list.append((entry.value.text, entry.range)) }
    return list.compactMap { Finding.syntax(ofExpression: $0.text, at: $0.range) }
  }
}
