import PluginAPI

/// Every name a swap needs, derived from the table's and the run's.
struct SwapNames: Sendable, Hashable, Codable {
  let source: QualifiedName
  /// The partitioned copy, before it has the table's name and after a rollback.
  let copy: QualifiedName
  /// The table after the cutover.
  let old: QualifiedName
  /// With `strategy: attach`, the table as the first partition.
  let history: QualifiedName
  /// Begins the names of what lies in schema caisson.
  let log: String

  init(_ source: QualifiedName, tag: String) {
    self.source = source
    copy = QualifiedName(source.schema, Quoting.fitted(source.name, suffix: "_new"))
    old = QualifiedName(source.schema, Quoting.fitted(source.name, suffix: "_old"))
    history = QualifiedName(source.schema, SwapNames.history(source.name))
    log = Quoting.fitted(source.name, suffix: "_\(tag)")
  }
}
