import PluginAPI

/// Statistics and visibility maps of the partitions, which no autovacuum has made by the cutover, in two stages: what plans
/// need is there before it, the rest follows when nobody waits for it.
enum CopyUpkeep {
  /// Of the partitions and of the whole by a small sample: the first plan after the cutover finds row counts, numbers of
  /// distinct values and a rough distribution. `vacuumdb --analyze-in-stages` takes the same target for this.
  static let target = 10

  static func estimate(_ copy: QualifiedName) -> Operation {
    harmless(
      "analyze", "estimate the statistics of \(copy)", "ANALYZE \(id: copy)",
      settings: [Setting("default_statistics_target", "\(target)")], locks: [])
  }

  /// After the cutover, with the targets and extended statistics that the table has by then. A plain ANALYZE of the whole
  /// reads a sample of each partition once more, so from 18 on each is done with its vacuum, and the whole alone.
  static func full(
    _ table: QualifiedName, _ leaves: [QualifiedName], workers: Int, _ capabilities: Capabilities
  ) -> Operation {
    let alone = capabilities.analyzesParentsAlone
    let each = leaves.enumerated().map { number, leaf in
      harmless(
        "vacuum-\(number + 1)", "vacuum \(leaf.name)", "VACUUM \(sql: alone ? "(ANALYZE) " : "")\(id: leaf)",
        // It may have been detached and dropped since.
        unless: "SELECT to_regclass(\(literal: leaf.quoted)) IS NULL", locks: [RelationLock(.shareUpdateExclusive, leaf)])
    }
    let whole = harmless(
      "statistics", "analyze \(table)", "ANALYZE \(sql: alone ? "ONLY " : "")\(id: table)",
      locks: [RelationLock(.shareUpdateExclusive, table)])
    return .parallel(id: "upkeep", title: "vacuum and analyze the partitions", width: workers, [whole] + each)
  }

  /// Of one partition that nobody uses yet.
  static func analyze(_ leaf: QualifiedName, id: String) -> Operation {
    harmless(id, "analyze \(leaf)", "ANALYZE \(id: leaf)", locks: [])
  }

  private static func harmless(
    _ id: String, _ title: String, _ statement: SQL, settings: [Setting] = [], unless: SQL? = nil, locks: [RelationLock]
  ) -> Operation {
    // Outside a transaction: inside one ANALYZE would keep every partition locked to its end.
    .autocommit(
      id: id, title: title,
      AutocommitWork(statement, probe: "SELECT 'absent', 'doing it again does no harm'", settings: settings),
      unless: unless, locks: locks, undo: .nothing)
  }
}
