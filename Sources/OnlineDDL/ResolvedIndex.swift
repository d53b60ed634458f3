public import PluginAPI

/// A specification with everything the server had to say about it.
public struct ResolvedIndex: Sendable, Hashable {
  public var spec: IndexSpec
  public var table: RelationFacts
  /// Operator classes, collations and order as the catalog will have them.
  public var keys: [IndexKey]
  /// The type of each key.
  public var keyTypes: [String]
  public var definition: IndexDefinition

  public var name: QualifiedName { definition.name }
}

/// What is known of one key.
struct ResolvedKey {
  var key: IndexKey
  var type: String
  /// As the statement writes it.
  var text: String
}

extension ResolvedIndex {
  init(_ spec: IndexSpec, on table: RelationFacts, _ resolved: [ResolvedKey], named name: String) {
    let keys = resolved.map(\.key)
    let signature = IndexSignature.text(
      method: spec.method, isUnique: spec.isUnique, nullsNotDistinct: spec.nullsNotDistinct, keys: keys,
      include: spec.include, options: spec.options.map { "\($0.name)=\($0.value)" },
      hasPredicate: spec.predicate != nil)
    self.init(
      spec: spec, table: table, keys: keys, keyTypes: resolved.map(\.type),
      definition: IndexDefinition(
        name: QualifiedName(table.name.schema, name), table: table.name, isUnique: spec.isUnique,
        body: Self.body(spec, resolved), signature: signature, columns: Self.columns(spec, table),
        tablespace: spec.tablespace, comment: spec.comment))
  }

  private static func body(_ spec: IndexSpec, _ keys: [ResolvedKey]) -> String {
    var text = spec.method + " (" + keys.map(\.text).joined(separator: ", ") + ")"
    if !spec.include.isEmpty {
      text += " INCLUDE (" + spec.include.map(Quoting.identifier).joined(separator: ", ") + ")"
    }
    if spec.nullsNotDistinct { text += " NULLS NOT DISTINCT" }
    if !spec.options.isEmpty {
      let options = spec.options.map { "\($0.name) = \(Quoting.literal($0.value))" }
      text += " WITH (" + options.joined(separator: ", ") + ")"
    }
    if let predicate = spec.predicate { text += " WHERE " + parenthesized(predicate) }
    return text
  }

  /// A new line before the parenthesis where the text may end in a comment.
  static func parenthesized(_ expression: String) -> String {
    "(" + expression + (expression.contains("--") ? "\n)" : ")")
  }

  /// Names of the columns it reads, sorted as the server sorts them; `nil` when an expression cannot be parsed here.
  private static func columns(_ spec: IndexSpec, _ table: RelationFacts) -> [String]? {
    var names = Set(spec.columns + spec.include)
    for text in spec.expressions + [spec.predicate].compactMap({ $0 }) {
      guard let parsed = try? SQLParser.expression(text) else { return nil }
      names.formUnion(parsed.columns.filter { table.column($0) != nil })
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
