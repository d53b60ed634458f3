import OnlineDDL
import PluginAPI

/// What rows become whose time is over, and how one tells that they have.
struct AnonymizedColumns {
  struct Change {
    var column: BatchTable.Column
    /// Over the row.
    var value: String
    var isJSON: Bool
  }

  let table: BatchTable
  let changes: [Change]
  /// The author's own word for a row that is done.
  let done: String?

  static func read(_ wanted: GDPRRetention.Parameters, _ table: RetentionTable) throws(StepRefusal) -> AnonymizedColumns {
    var changes: [Change] = [], findings: [Finding] = []
    for entry in wanted.set ?? [:] {
      guard let column = check(entry.key, at: entry.range, wanted, table, &findings) else { continue }
      changes.append(Change(column: column, value: ChunkText.embedded(entry.value.text), isJSON: false))
    }
    for entry in wanted.json ?? [:] {
      guard let column = check(entry.key, at: entry.range, wanted, table, &findings) else { continue }
      guard ["json", "jsonb"].contains(column.type) else {
        findings.append(.refusal(
          "retention.json", "\(entry.key) of \(table.name) is of type \(column.type)", choices: ["put it under `set`"],
          at: entry.range))
        continue
      }
      let rules = entry.value.compactMap { text in JSONRoute(parsing: text).map { JSONRule(route: $0, action: .null) } }
      if rules.count < entry.value.count || rules.isEmpty {
        findings.append(.refusal(
          "retention.json", "not every place under \(entry.key) is a path",
          choices: ["for example owner.name, items[*].email, *.phone"], at: entry.range))
      }
      let old: SQL = "\(id: table.name.name).\(id: column.name)"
      changes.append(Change(
        column: column, value: JSONReplacement(.json(column, rules)).value(of: old).text, isJSON: true))
    }
    guard findings.isEmpty else { throw StepRefusal(findings) }
    return AnonymizedColumns(table: table.batch, changes: changes, done: wanted.done?.text)
  }

  private static func check(
    _ name: String, at range: SourceRange, _ wanted: GDPRRetention.Parameters, _ table: RetentionTable,
    _ findings: inout [Finding]
  ) -> BatchTable.Column? {
    guard let column = table.batch[name] else {
      let near = Spelling.nearest(to: name, in: table.batch.columns.map(\.name))
      findings.append(.refusal(
        "retention.column", "\(table.name) has no column \(name)",
        choices: near.map { ["did you mean \($0)?"] } ?? ["leave it out"], at: range))
      return nil
    }
    let keys = Set(table.batch.keys.flatMap(\.columns) + table.references.flatMap(\.keys) + table.batch.partitionKey)
    let why = column.generated || column.identity == "a" ? "makes its own values"
      : name == wanted.key.name ? "says how old a row is" : keys.contains(name) ? "is part of a key" : nil
    guard let why else { return column }
    findings.append(.refusal(
      "retention.column", "\(name) of \(table.name) \(why): it cannot be changed here",
      choices: ["leave it out", "gdpr.anonymize, which makes a value for each subject"], at: range))
    return nil
  }

  var assignments: String {
    changes.map { "\(Quoting.identifier($0.column.name)) = \($0.value)" }.joined(separator: ", ")
  }

  /// True for a row that is still to be done: without the author's word, one that the change would change.
  var open: String {
    if let done { return "\(ChunkText.embedded(done)) IS NOT TRUE" }
    let alias = Quoting.identifier(table.name.name)
    let parts = changes.map { change -> String in
      let old = "\(alias).\(Quoting.identifier(change.column.name))"
      let cast = change.column.type == "json" ? "::jsonb" : ""
      return "\(old)\(cast) IS DISTINCT FROM (\(change.value))\(cast)"
    }
    return "(\(parts.joined(separator: " OR ")))"
  }

  /// Whether some row would not be done after having been changed: then every run would change it again.
  func isRestless(_ rule: RetentionRule) -> String {
    let alias = Quoting.identifier(table.name.name)
    let columns = table.columns.map { column -> String in
      let name = Quoting.identifier(column.name)
      guard let change = changes.first(where: { $0.column.name == column.name }) else { return "\(alias).\(name)" }
      return "CAST(\(change.value) AS \(column.type)) AS \(name)"
    }
    return """
      EXISTS (SELECT FROM (SELECT \(columns.joined(separator: ", ")) FROM \(table.source) AS \(alias)
        WHERE \(rule.condition) LIMIT 200) AS \(alias) WHERE \(open))
      """
  }
}

extension MappedColumn {
  /// A JSON column with places in it, outside any map.
  static func json(_ column: BatchTable.Column, _ rules: [JSONRule]) -> MappedColumn {
    MappedColumn(
      name: column.name, type: column.type, base: column.type, kind: .json, length: nil, isNotNull: column.notNull,
      isGenerated: false, isAlwaysIdentity: false, isUnique: false, isPrimaryKey: false, isReference: false,
      isReferenced: false, isPartitionKey: false, action: nil, inside: rules)
  }
}
