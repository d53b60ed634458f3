import JSONText
import OnlineDDL
import PluginAPI

enum SortOrder: String, CaseIterable, ParameterValue { case asc, desc }

enum NullsOrder: String, CaseIterable, ParameterValue { case first, last }

enum IndexMethod: String, CaseIterable, ParameterValue { case btree, hash, gin, gist, brin, spgist }

/// One key: `status`, or a mapping when there is more to say about it.
struct KeyColumn: ParameterValue {
  struct Details: ParameterSet {
    @Parameter("Column of the table.") var column: Identifier?
    @Parameter("Expression instead of a column; immutable.") var expression: SQLExpression?
    @Parameter("Order of the key, for btree.") var order = SortOrder.asc
    @Parameter("Where NULL sorts; PostgreSQL's default is last when ascending, first when descending.")
    var nulls: NullsOrder?
    @Parameter("Operator class; default: the type's own.") var opclass: String?
    @Parameter("Collation; default: the column's.") var collation: QualifiedName?

    func check(_ report: inout Diagnostics) {
      guard (column == nil) == (expression == nil) else { return }
      report.error("index.key", "a key is a `column` or an `expression`, one of them", at: $order)
    }
  }

  enum Form: Sendable { case column(Identifier), details(Details) }

  let form: Form

  static var shape: Shape { .oneOf([Identifier.shape, Details.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> KeyColumn? {
    if node.pairs != nil { return Details.read(node, &report).map { KeyColumn(form: .details($0)) } }
    if let text = node.text, text.contains("(") {
      report.error(
        "index.key", "`\(text)` is not a column name", at: node.range, hint: "write {expression: \"\(text)\"}")
      return nil
    }
    return Identifier.read(node, &report).map { KeyColumn(form: .column($0)) }
  }

  var json: JSON {
    switch form {
    case .column(let name): name.json
    case .details(let details): details.json
    }
  }

  var specified: IndexSpec.Key {
    switch form {
    case .column(let name): IndexSpec.Key(column: name.name)
    case .details(let details):
      IndexSpec.Key(
        column: details.column?.name, expression: details.expression?.text, operatorClass: details.opclass,
        collation: details.collation, isDescending: details.order == .desc,
        nullsFirst: details.nulls.map { $0 == .first })
    }
  }
}

/// The value of a storage parameter: `70`, `on`, `true`.
struct StorageValue: ParameterValue {
  let text: String

  static var shape: Shape { .oneOf([.integer, .boolean, .string]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> StorageValue? {
    report.text(node, wanted: "a storage parameter", booleans: true).map(StorageValue.init)
  }

  var json: JSON { .string(text) }
}
