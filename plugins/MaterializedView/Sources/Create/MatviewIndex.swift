import JSONText
import PlanSchema
import PluginAPI

enum IndexMethod: String, CaseIterable, ParameterValue { case btree, hash, gin, gist, brin, spgist }

/// An index of the view beside its unique key.
struct MatviewIndex: ParameterSet {
  @Parameter("Keys: column names, or expressions in parentheses.") var columns: [Located<IndexKeyText>]
  @Parameter("Name of the index; default: as PostgreSQL derives it.") var name: Identifier?
  @Parameter("Access method.") var method = IndexMethod.btree
  @Parameter("No two rows with equal keys.") var unique = false
  @Parameter("Condition of a partial index; immutable.") var `where`: SQLExpression?
  @Parameter("Columns carried along for index-only scans.") var include: [Located<Identifier>] = []

  func check(_ report: inout Diagnostics) {
    if columns.isEmpty { report.error("matview.index", "an index has at least one key", at: $columns) }
  }
}

/// `status`, `"Odd Name"`, `(lower(name))`, `total DESC`.
struct IndexKeyText: ParameterValue, Hashable {
  var text: String

  static var shape: Shape { .named("index key") }

  static func read(_ node: Node, _ report: inout Diagnostics) -> IndexKeyText? {
    guard let text = report.text(node, wanted: "a column or an expression") else { return nil }
    guard (try? SQLParser.parseOne("CREATE INDEX ON t (\(text)\n)")) != nil else {
      report.error("matview.index", "`\(text)` is not the key of an index", at: node.range,
        hint: "put an expression in parentheses")
      return nil
    }
    return IndexKeyText(text: text)
  }

  var json: JSON { .string(text) }

  /// The column it is; `nil`: an expression.
  var column: String? {
    let statement = try? SQLParser.parseOne("CREATE INDEX ON t (\(text)\n)")
    return statement?.tree.list("indexParams").first?["IndexElem"]?.word("name")
  }
}
