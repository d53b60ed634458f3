import PluginAPI

/// What becomes of the places inside a JSON value: one walk through it, whatever the number of places.
struct JSONReplacement: Sendable {
  /// Places as a tree, the way the walk meets them.
  private struct Branch: Sendable {
    var action: ColumnAction?
    var keys: [(name: String, branch: Branch)] = []
    var anyKey: [Branch] = []
    var elements: [Branch] = []

    var isEmpty: Bool { action == nil && keys.isEmpty && anyKey.isEmpty && elements.isEmpty }

    mutating func add(_ hops: ArraySlice<JSONRoute.Hop>, _ action: ColumnAction) {
      guard let hop = hops.first else { return self.action = self.action ?? action }
      let rest = hops.dropFirst()
      switch hop {
      case .elements: Branch.add(to: &elements, rest, action)
      case .anyKey: Branch.add(to: &anyKey, rest, action)
      case .key(let name):
        let place = keys.firstIndex { $0.name == name } ?? keys.count
        if place == keys.count { keys.append((name, Branch())) }
        keys[place].branch.add(rest, action)
      }
    }

    private static func add(to list: inout [Branch], _ hops: ArraySlice<JSONRoute.Hop>, _ action: ColumnAction) {
      if list.isEmpty { list.append(Branch()) }
      list[0].add(hops, action)
    }

    /// Both, where a key is named and `*` speaks of it too; what is named counts.
    func merged(with other: Branch?) -> Branch {
      guard let other else { return self }
      var sum = self
      sum.action = action ?? other.action
      for (name, branch) in other.keys {
        if let place = sum.keys.firstIndex(where: { $0.name == name }) {
          sum.keys[place].branch = sum.keys[place].branch.merged(with: branch)
        } else {
          sum.keys.append((name, branch))
        }
      }
      sum.anyKey = sum.anyKey.first.map { [$0.merged(with: other.anyKey.first)] } ?? other.anyKey
      sum.elements = sum.elements.first.map { [$0.merged(with: other.elements.first)] } ?? other.elements
      return sum
    }
  }

  private let root: Branch
  private let column: MappedColumn

  init(_ column: MappedColumn) {
    var root = Branch()
    for rule in column.inside where !rule.action.isKept { root.add(rule.route.hops[...], rule.action) }
    self.root = root
    self.column = column
  }

  func value(of old: SQL) -> SQL {
    let walked = walk(root, "\(sql: old)::jsonb", depth: 0)
    return column.base == "json" ? "(\(sql: walked))::json" : walked
  }

  /// Whether nothing in it is left to do: values that are done stay as they are, random ones too.
  func isDone(_ old: SQL) -> SQL {
    "(\(sql: old) IS NULL OR \(sql: old)::jsonb IS NOT DISTINCT FROM \(sql: walk(root, "\(sql: old)::jsonb", depth: 0)))"
  }

  private func walk(_ branch: Branch, _ value: SQL, depth: Int) -> SQL {
    if let action = branch.action { return leaf(action, value) }
    guard !branch.isEmpty else { return value }
    var cases: [SQL] = []
    if !branch.keys.isEmpty || !branch.anyKey.isEmpty { cases.append("WHEN 'object' THEN \(sql: object(branch, value, depth))") }
    if let each = branch.elements.first {
      let name = SQL(verbatim: "a\(depth)")
      cases.append(
        """
        WHEN 'array' THEN coalesce((SELECT jsonb_agg(\(sql: walk(each, "\(sql: name).v", depth: depth + 1)) ORDER BY \(sql: name).n)
        FROM jsonb_array_elements(\(sql: value)) WITH ORDINALITY AS \(sql: name)(v, n)), \(sql: value))
        """)
    }
    return "CASE jsonb_typeof(\(sql: value)) \(sql: cases.joined(separator: " ")) ELSE \(sql: value) END"
  }

  private func object(_ branch: Branch, _ value: SQL, _ depth: Int) -> SQL {
    let name = SQL(verbatim: "o\(depth)")
    let any = branch.anyKey.first
    let others = any.map { walk($0, "\(sql: name).v", depth: depth + 1) } ?? "\(sql: name).v"
    let named = branch.keys.map { key, inner -> SQL in
      "WHEN \(literal: key) THEN \(sql: walk(inner.merged(with: any), "\(sql: name).v", depth: depth + 1))"
    }
    let changed: SQL = named.isEmpty
      ? others : "CASE \(sql: name).k \(sql: named.joined(separator: " ")) ELSE \(sql: others) END"
    return """
      coalesce((SELECT jsonb_object_agg(\(sql: name).k, \(sql: changed))
      FROM jsonb_each(\(sql: value)) AS \(sql: name)(k, v)), \(sql: value))
      """
  }

  /// A value as text goes through the action and becomes a JSON string again.
  private func leaf(_ action: ColumnAction, _ value: SQL) -> SQL {
    if action == .null { return "'null'::jsonb" }
    var text = column
    (text.type, text.base, text.kind, text.length) = ("text", "text", .text, nil)
    let old: SQL = "(\(sql: value) #>> '{}')"
    return "CASE WHEN jsonb_typeof(\(sql: value)) = 'null' THEN \(sql: value)"
      + " ELSE to_jsonb(\(sql: Replacement(action: action, column: text).value(of: old))) END"
  }
}
