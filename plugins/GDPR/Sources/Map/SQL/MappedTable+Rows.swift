import PluginAPI

extension MappedTable {
  /// For `FROM … ` and `UPDATE …`: every condition and value below speaks of `t`.
  var source: SQL { "\(id: name) AS t" }

  /// Which rows of `t` are theirs. Over several ways by the primary key, where there is one, so that each is an index's
  /// business; a row that was changed meanwhile is judged again by its newest version.
  func rows(of keys: SubjectKeys, key: String) -> SQL {
    var conditions = ways.map { $0.condition(on: "t", keys, key: key) }
    if isSubject { conditions.append("t.\(id: key) IN \(sql: keys.list)") }
    if let condition { conditions.append(condition.sql(keys)) }
    guard conditions.count > 1 else { return conditions.first ?? "false" }
    guard !primaryKey.isEmpty else { return "(" + conditions.joined(separator: " OR ") + ")" }
    let columns = primaryKey.map { "t.\(id: $0)" as SQL }.joined(separator: ", ")
    let each = conditions.map { "SELECT \(sql: columns) FROM \(sql: source) WHERE \(sql: $0)" as SQL }
    return "(\(sql: columns)) IN (\(sql: each.joined(separator: "\nUNION ")))"
  }

  /// `column = new value` for everything the map changes.
  var assignments: SQL {
    changed.map { "\(id: $0.name) = \(sql: $0.newValue)" as SQL }.joined(separator: ",\n  ")
  }

  /// Whether a row of `t` is already as the actions make it; where an action leaves no trace to tell, never.
  var isDone: SQL {
    guard !changed.isEmpty else { return "true" }
    return "(" + changed.map { $0.isDone ?? "false" }.joined(separator: " AND ") + ")"
  }

  /// The same as far as it can be told: what a scan may hold against a row.
  var looksDone: SQL { "(" + (["true"] + changed.compactMap(\.isDone)).joined(separator: " AND ") + ")" }
}

extension MappedColumn {
  private var old: SQL { "t.\(id: name)" }

  /// What an update sets it to, in terms of `t`.
  var newValue: SQL {
    if !inside.isEmpty { return JSONReplacement(self).value(of: old) }
    return action.map { Replacement(action: $0, column: self).value(of: old) } ?? old
  }

  /// Whether the value in `t` is as its action makes it; `nil`: cannot be told.
  var isDone: SQL? {
    if !inside.isEmpty { return JSONReplacement(self).isDone(old) }
    return action.flatMap { Replacement(action: $0, column: self).isDone(old) }
  }
}

extension ReferenceWay {
  /// A chain of semi-joins that ends at the keys.
  func condition(on alias: String, _ keys: SubjectKeys, key: String) -> SQL { condition(hops[...], alias, keys, key, 1) }

  private func condition(_ hops: ArraySlice<ForeignKey>, _ alias: String, _ keys: SubjectKeys, _ key: String, _ depth: Int) -> SQL {
    guard let hop = hops.first else { return "true" }
    let columns = hop.columns.map { "\(sql: alias).\(id: $0)" as SQL }.joined(separator: ", ")
    if hops.count == 1, hop.targetColumns == [key] { return "\(sql: columns) IN \(sql: keys.list)" }
    let next = "r\(depth)"
    let targets = hop.targetColumns.map { "\(sql: next).\(id: $0)" as SQL }.joined(separator: ", ")
    let rest: SQL = hops.count == 1
      ? "\(sql: next).\(id: key) IN \(sql: keys.list)"
      : condition(hops.dropFirst(), next, keys, key, depth + 1)
    return "(\(sql: columns)) IN (SELECT \(sql: targets) FROM \(id: hop.target) AS \(sql: next) WHERE \(sql: rest))"
  }
}
