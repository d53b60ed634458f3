import JSONText
import PluginAPI

/// One item of FROM: what tells its rows apart.
struct JoinSource {
  var alias: String
  var columns: Set<String>
  /// `nil`: nobody knows, so nothing is said about it.
  var keys: [Set<String>]?

  /// Aggregates that a repeated row changes.
  static let sensitive: Set = [
    "count", "sum", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg", "stddev", "stddev_pop", "stddev_samp",
    "variance", "var_pop", "var_samp", "percentile_cont", "percentile_disc", "mode", "json_object_agg",
  ]

  init(alias: String, columns: Set<String>, keys: [Set<String>]?) {
    self.alias = alias
    self.columns = columns
    self.keys = keys
  }

  /// A query: unique by what it groups by, of one row when it aggregates all; over a single relation it keeps that one's
  /// keys.
  init(_ alias: String, _ query: JSON, _ shapes: RelationShapes, _ common: CommonTables) {
    let inner = InnerQuery(query)
    self.init(alias: alias, columns: inner.columns, keys: nil)
    if !query.list("groupClause").isEmpty {
      keys = inner.grouping.map { [$0] }
    } else if inner.aggregates {
      keys = [[]]
    } else if inner.isPlain, let table = inner.onlyTable(common), let shape = shapes[table], let known = shape.keys {
      if inner.isStar { columns = shape.columns }
      keys = inner.isStar ? known : known.compactMap(inner.renamed)
    }
  }
}

/// A query inside FROM, as far as its keys are concerned.
private struct InnerQuery {
  let query: JSON
  let targets: [JSON]
  /// What a column of the tables is called in the result.
  private var names: [String: String] = [:]

  init(_ query: JSON) {
    self.query = query
    targets = query.list("targetList").compactMap { $0["ResTarget"] }
    for target in targets {
      guard let column = target["val"]?["ColumnRef"]?.names("fields").last else { continue }
      names[column] = target.word("name") ?? column
    }
  }

  var columns: Set<String> { Set(targets.compactMap(name)) }

  private func name(_ target: JSON) -> String? {
    target.word("name") ?? target["val"]?["ColumnRef"]?.names("fields").last
  }

  /// Columns it is grouped by; `nil`: one of them is not in the result.
  var grouping: Set<String>? {
    let groups = query.list("groupClause")
    let keys = groups.compactMap { group -> String? in
      if let column = group["ColumnRef"]?.names("fields").last {
        return names[column] ?? (columns.contains(column) ? column : nil)
      }
      guard let place = group["A_Const"]?["ival"]?["ival"]?.int, targets.indices.contains(Int(place) - 1) else {
        return nil
      }
      return name(targets[Int(place) - 1])
    }
    return keys.count == groups.count ? Set(keys) : nil
  }

  var aggregates: Bool {
    let all = JoinSource.sensitive.union(["max", "min", "bool_or", "bool_and"])
    var found = false
    for target in targets {
      target.ownNodes { kind, body in
        guard kind == "FuncCall", body["over"] == nil else { return }
        if all.contains(body.names("funcname").last ?? "") { found = true }
      }
    }
    return found
  }

  /// Neither cut nor combined.
  var isPlain: Bool {
    query["limitCount"] == nil && query["distinctClause"] == nil && (query.word("op") ?? "SETOP_NONE") == "SETOP_NONE"
  }

  var isStar: Bool {
    targets.contains { $0["val"]?["ColumnRef"]?.list("fields").contains { $0["A_Star"] != nil } ?? false }
  }

  func onlyTable(_ common: CommonTables) -> QualifiedName? {
    guard query.list("fromClause").count == 1, let table = query.list("fromClause").first?["RangeVar"],
      table["schemaname"] != nil || common[table.word("relname") ?? ""] == nil
    else { return nil }
    return table.relation
  }

  /// A key as the result calls it; `nil`: it is not all in it.
  func renamed(_ key: Set<String>) -> Set<String>? {
    let mapped = key.compactMap { names[$0] }
    return mapped.count == key.count ? Set(mapped) : nil
  }
}

extension JSON {
  /// The conditions of the joins of one FROM item, not those inside its subqueries.
  func joins(_ visit: (JSON) -> Void) {
    guard let join = self["JoinExpr"] else { return }
    if let quals = join["quals"] { visit(quals) }
    for side in ["larg", "rarg"] { join[side]?.joins(visit) }
  }

  /// Nodes of this query alone: subqueries have their own.
  func ownNodes(_ visit: (_ kind: String, _ body: JSON) -> Void) {
    switch self {
    case .array(let items): for item in items { item.ownNodes(visit) }
    case .object(let object):
      for part in object.members where part.key != "SubLink" && part.key != "SelectStmt" {
        if let first = part.key.utf8.first, first < 0x61 { visit(part.key, part.value) }
        part.value.ownNodes(visit)
      }
    default: break
    }
  }

  var isConstant: Bool {
    if self["A_Const"] != nil { return true }
    return self["TypeCast"]?["arg"]?.isConstant ?? false
  }
}
