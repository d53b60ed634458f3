import PluginAPI

/// A table as the data map needs to know it.
struct TableShape: Sendable {
  var oid: Int64
  var name: QualifiedName
  var kind: RelationKind
  var columns: [MappedColumn]
  /// In the key's order; empty: none.
  var primaryKey: [String]
  var references: [ForeignKey]
  /// Foreign keys lead from it to the subject.
  var isReachable: Bool

  func column(_ name: String) -> MappedColumn? { columns.first { $0.name == name } }
}

/// A foreign key as one hop of a path.
struct ForeignKey: Sendable, Hashable {
  var name: String
  var columns: [String]
  var target: QualifiedName
  var targetColumns: [String]
}
