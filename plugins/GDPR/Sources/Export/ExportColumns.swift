import PlanSchema
import PluginAPI

/// What of a table's rows goes out: the columns the map names, and of those nothing that is somebody else's.
struct ExportColumns {
  let table: MappedTable
  let map: ResolvedMap
  let keys: SubjectKeys
  let redacted: Set<String>

  private var shown: [MappedColumn] {
    table.columns.filter { ($0.action != nil || !$0.inside.isEmpty) && !redacted.contains($0.name) }
  }

  var query: SQL {
    let order = table.primaryKey.map { "t.\(id: $0)" as SQL }.joined(separator: ", ")
    let columns = shown.map { "\(sql: value($0)) AS \(id: $0.name)" as SQL }.joined(separator: ", ")
    let rows: SQL = """
      SELECT \(sql: columns)
      FROM \(sql: table.source)
      WHERE \(sql: table.rows(of: keys, key: map.key.name))
      """
    return table.primaryKey.isEmpty ? rows : "\(sql: rows)\nORDER BY \(sql: order)"
  }

  private func value(_ column: MappedColumn) -> SQL {
    let value: SQL = "t.\(id: column.name)"
    if !column.inside.isEmpty { return inside(column, value) }
    // The key of another person is theirs.
    return namesPeople(column) ? "CASE WHEN \(sql: value) IN \(sql: keys.list) THEN \(sql: value) END" : value
  }

  private func namesPeople(_ column: MappedColumn) -> Bool {
    table.shape.references.contains { reference in
      reference.target == map.subject.name && reference.columns == [column.name] && reference.targetColumns == [map.key.name]
    }
  }

  /// Only the places the map names, each with all that is found there.
  private func inside(_ column: MappedColumn, _ value: SQL) -> SQL {
    let members = column.inside.map { rule -> SQL in
      let path = rule.route.jsonPath
      return """
        \(literal: rule.route.description), \
        jsonb_path_query_array(\(sql: value)::jsonb, \(literal: path)::jsonpath, '{}', true)
        """
    }
    return "CASE WHEN \(sql: value) IS NOT NULL THEN jsonb_build_object(\(sql: members.joined(separator: ", "))) END"
  }

  /// What gives access to an account is no answer to the question what is known about somebody.
  var findings: [Finding] {
    let words = ["password", "passwd", "secret", "token", "otp", "credential"]
    let suspects = shown.filter { column in words.contains { column.name.lowercased().contains($0) } }
    guard !suspects.isEmpty else { return [] }
    let names = suspects.map { "\(table.name).\(QualifiedName.readable($0.name))" }.joined(separator: ", ")
    return [
      .warning(
        "gdpr.export.credential", "\(names) would be handed over, and look like credentials",
        choices: ["list them under `redact`"], at: table.range)
    ]
  }
}

extension JSONRoute: CustomStringConvertible {
  /// As the map writes it.
  var description: String {
    hops.reduce(into: "") { text, hop in
      switch hop {
      case .elements: text += "[*]"
      case .anyKey: text += (text.isEmpty ? "" : ".") + "*"
      case .key(let key):
        let isPlain = !key.contains { ".[]*\"".contains($0) }
        text += (text.isEmpty ? "" : ".") + (isPlain ? key : "\"\(key)\"")
      }
    }
  }

  /// The same for PostgreSQL, which unwraps no array by itself in strict mode.
  var jsonPath: String {
    "strict $"
      + hops.map { hop in
        switch hop {
        case .elements: "[*]"
        case .anyKey: ".*"
        case .key(let key): "." + JSONRoute.quoted(key)
        }
      }.joined()
  }

  private static func quoted(_ key: String) -> String {
    var out = "\""
    for scalar in key.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out + "\""
  }
}
