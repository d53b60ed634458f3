import OnlineDDL
import PluginAPI

/// Partitions whose every row is over and kept by nothing.
struct WholePartitions {
  let table: PartitionedTable
  let rule: RetentionRule
  let cutoff: RetentionCutoff
  let wanted: GDPRRetention.Parameters
  let facts: any Facts

  /// Operations that take them, what is to be known, and what is needed to bring them back.
  func program(then retirement: Retirement) async throws -> Program {
    let ended = try await table.ranges(endingBy: SQL(verbatim: cutoff.expression), facts)
    var whole: [ExistingPartition] = [], findings: [Finding] = []
    for partition in ended {
      if let finding = try await hindrance(partition) { findings.append(finding) } else { whole.append(partition) }
    }
    guard !whole.isEmpty else { return Program(findings: findings) }
    let checks = guards
    var program = try await RetiringPartitions(
      table: table, concurrently: true, then: retirement, mark: wanted.$table, facts: facts,
      checks: { checks($0) }
    ).program(whole, isStrict: false)
    program.findings = findings + program.findings
    return program
  }

  /// Looked at beforehand, so that a partition of which a row stays is left to the batches.
  private func hindrance(_ partition: ExistingPartition) async throws -> Finding? {
    guard rule.isFree != nil else { return nil }
    let looking = rule.asking(cutoff.expression).keepsSome(of: partition.name)
    let refused = try await facts.attempt("SELECT 1 / (CASE WHEN \(looking) THEN 0 ELSE 1 END)", timeout: "20s")
    guard let refused else { return nil }
    let batches = wanted.mode == .delete || wanted.archive?.table != nil
    let rest = wanted.partitions == .auto && batches ? "the others go in batches" : "all of it stays"
    if refused.sqlState == "22012" {
      return .note(
        "retention.partition_kept", "rows of \(partition.name) stay (`except`, or referred to): \(rest)", at: wanted.$table)
    }
    return .warning(
      "retention.partition_unknown",
      "whether rows of \(partition.name) stay could not be found out (\(refused.sqlState)): \(rest)",
      choices: ["an index for `except` and `references`"], at: wanted.$table)
  }

  /// Looked at again once nobody writes it any more, before what cannot be taken back.
  private var guards: @Sendable (ExistingPartition) -> [Operation] {
    guard rule.isFree != nil else { return { _ in [] } }
    let rule = rule
    return { partition in
      [
        .observe(
          id: "kept:\(partition.name)", title: "look once more for rows of \(partition.name) that stay",
          ObserveWork([
            .init(
              "none_kept", SQL(verbatim: "SELECT NOT \(rule.keepsSome(of: partition.name))"), expect: .isTrue,
              message: "rows of \(partition.name) stay since a moment ago (`except`, or referred to): it is detached and"
                + " nothing else; caisson rollback attaches it again")
          ]))
      ]
    }
  }
}
