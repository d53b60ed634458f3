package import JSONText

/// Reading PostgreSQL's parse trees: a node is an object whose single member is named after the node's type.
extension JSON {
  /// Type and members of a node.
  package var syntaxNode: (kind: String, body: JSON)? {
    guard case .object(let object) = self, object.members.count == 1 else { return nil }
    return (object.members[0].key, object.members[0].value)
  }

  /// The members of a node of that type.
  package func node(_ kind: String) -> JSON? {
    guard case .object(let object) = self, object.members.count == 1, object.members[0].key == kind else { return nil }
    return object.members[0].value
  }

  /// Boolean members are left out of the tree when false.
  package func flag(_ key: String) -> Bool { self[key]?.bool ?? false }

  /// Lists are left out of the tree when empty.
  package func list(_ key: String) -> [JSON] { self[key]?.array ?? [] }

  package func word(_ key: String) -> String? { self[key]?.string }

  /// The strings of a list of `String` nodes, such as a dotted name.
  package func names(_ key: String) -> [String] { self[key]?.names ?? [] }

  /// The same of the list itself, or of a `List` node.
  package var names: [String] {
    if case .array(let items) = self { return items.compactMap { $0["String"]?.word("sval") } }
    if let items = node("List") { return items.names("items") }
    return self["String"]?.word("sval").map { [$0] } ?? []
  }

  /// The relation that a `RangeVar`'s members name.
  package var relation: QualifiedName? {
    guard let name = word("relname") else { return nil }
    return QualifiedName(parts: [word("schemaname"), name].compactMap { $0 })
  }

  /// `WITH (name = value)` and parenthesised options, by name.
  package func option(_ key: String, _ name: String) -> JSON? {
    list(key).lazy.compactMap { $0.node("DefElem") }.first { $0.word("defname") == name }
  }

  /// A switch such as `(CONCURRENTLY)` or `(FULL false)`.
  package func isOn(_ key: String, _ name: String) -> Bool {
    guard let option = option(key, name) else { return false }
    return option["arg"]?.isTrueOption ?? true
  }

  package var isTrueOption: Bool {
    if let text = names.first { return !["false", "off", "no", "0"].contains(text.lowercased()) }
    if let number = node("Integer") { return number["ival"]?.int ?? 0 != 0 }
    return node("Boolean")?.flag("boolval") ?? true
  }
}

extension QualifiedName {
  /// Schema and name as the tree spells them; an unqualified name is in `pg_catalog` or else in `public`.
  package init?(parts: [String]) {
    switch parts.count {
    case 1: self.init(SystemNames.relations.contains(parts[0]) ? "pg_catalog" : "public", parts[0])
    case 2: self.init(parts[0], parts[1])
    case 3: self.init(parts[1], parts[2])
    default: return nil
    }
  }
}
