import PluginAPI

/// An index the plan asks for.
struct WantedIndex: Sendable, Hashable {
  var name: String
  var method: String
  var isUnique: Bool
  /// What follows USING.
  var body: String
  /// Plain columns; `nil`: an expression is among the keys, or the index is partial.
  var plainColumns: [String]?
  /// Reads these columns, as far as the plan says.
  var columns: [String]
  var range: SourceRange

  static func all(_ wanted: MatviewCreate.Parameters) -> [WantedIndex] {
    let view = wanted.name.name
    var indexes: [WantedIndex] = []
    if !wanted.uniqueKey.isEmpty {
      let columns = wanted.uniqueKey.map(\.value.name)
      indexes.append(
        WantedIndex(
          name: Quoting.fitted(([view] + columns).joined(separator: "_"), suffix: "_key"), method: "btree",
          isUnique: true, body: "btree (\(columns.map(Quoting.identifier).joined(separator: ", ")))",
          plainColumns: columns, columns: columns, range: wanted.$uniqueKey))
    }
    return indexes + wanted.indexes.map { WantedIndex($0.value, of: view, at: $0.range) }
  }

  /// Good enough for REFRESH … CONCURRENTLY.
  var tellsRowsApart: Bool { isUnique && plainColumns != nil && method == "btree" }

  func create(on view: QualifiedName) -> SQL {
    "CREATE \(sql: isUnique ? "UNIQUE " : "")INDEX \(id: name) ON \(id: view) USING \(sql: body)"
  }

  func inventoried(on view: QualifiedName) -> TableInventory.Index {
    TableInventory.Index(new: QualifiedName(view.schema, name), body: body, method: method, isUnique: isUnique)
  }
}

extension WantedIndex {
  fileprivate init(_ index: MatviewIndex, of view: String, at range: SourceRange) {
    let keys = index.columns.map(\.value)
    let include = index.include.map(\.value.name)
    let columns = keys.map(\.column)
    let plain = columns.compactMap { $0 }
    let words = keys.map { $0.column ?? "expr" }
    let body = "\(index.method.rawValue) (\(keys.map(\.text).joined(separator: ", ")))"
      + (include.isEmpty ? "" : " INCLUDE (\(include.map(Quoting.identifier).joined(separator: ", ")))")
      + (index.where.map { " WHERE (\($0.text)\n)" } ?? "")
    self.init(
      name: index.name?.name ?? Quoting.fitted(([view] + words).joined(separator: "_"), suffix: "_idx"),
      method: index.method.rawValue, isUnique: index.unique, body: body,
      plainColumns: plain.count == columns.count && index.where == nil ? plain : nil, columns: plain + include,
      range: range)
  }
}

extension TableInventory.Index {
  /// REFRESH … CONCURRENTLY takes it: unique, on columns alone, no condition.
  var tellsRowsApart: Bool {
    isUnique && isValid && predicate == nil && !keys.isEmpty && keys.allSatisfy { $0.column != nil }
  }
}
