public import PluginAPI

/// Drops one index without stopping readers or writers.
public enum ConcurrentIndexDrop {
  public static func operation(
    for index: IndexDefinition, id: String, title: String? = nil, unless: SQL? = nil, undo: Undo
  ) -> Operation {
    .autocommit(
      id: id, title: title ?? "drop index \(index.name)",
      AutocommitWork(index.dropConcurrently, probe: IndexProbe.removal(of: index)),
      unless: unless,
      locks: [RelationLock(.shareUpdateExclusive, index.name), RelationLock(.shareUpdateExclusive, index.table)],
      resources: Resource.concurrentIndex(on: index.table), undo: undo)
  }

  /// True when no relation has the name.
  public static func isGone(_ name: QualifiedName) -> SQL {
    """
    SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(name.schema) AND c.relname = \(name.name))
    """
  }
}
