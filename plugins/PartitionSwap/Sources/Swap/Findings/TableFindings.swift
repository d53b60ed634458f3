import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// What else stands in the way, or has to be known.
  func tableFindings() async throws -> [Finding] {
    var findings = dependentFindings + identityFindings
    findings += try await publicationFindings() + rowSecurityFindings()
    findings += try await nullFindings()
    findings += try await nameFindings()
    findings += uncheckedFindings + identityIndexFindings
    findings += try await materializedFindings()
    return findings
  }

  /// What the cutover locks, for the final replay and the names: at most `max_stall`, or not at all.
  func cutoverFindings(_ leaves: Int) async throws -> [Finding] {
    let outgoing = table.constraints.filter { $0.kind == .foreignKey }
    let views = table.views.map(\.relation.name), referenced = outgoing.compactMap(\.reference?.table)
    let locked = ([name] + views + referenced + table.incomingForeignKeys.map(\.table)).unique
    // Measured on 15: about 0.35 ms for each foreign key of a partition, 0.5 ms for one that points to it, 0.2 ms of
    // planning for the last replay. A partition's key to a partitioned table is one to each partition there as well.
    var keys = 0
    for table in referenced { keys += 1 + (try await facts.relation(table)?.partitioning?.leaves.count ?? 0) }
    let each = 0.35 * Double(keys) + 0.5 * Double(table.incomingForeignKeys.count) + 0.2
    let price = (Double(leaves) * each).rounded()
    let limit = step.maxStall
    let note = Finding.note(
      "swap.cutover",
      "the cutover takes ACCESS EXCLUSIVE on \(locked.map(\.description).joined(separator: ", ")) for about"
        + " \(Int(price) + 10) ms, within max_stall (\(limit)), or it steps back and tries again" + cutoverTime)
    guard price > Double(limit.milliseconds) else { return [note] }
    return [
      note,
      .refusal(
        "swap.stall",
        "\(leaves) partitions with \(keys) foreign keys each, and \(table.incomingForeignKeys.count) that point to"
          + " them, take about \(Int(price)) ms under the lock, and others wait at most \(limit) (max_stall)",
        choices: [
          "max_stall: \(Int(price * 2 / 100 + 1) * 100)ms", "every: a wider partition, or fewer of them ahead (premake)",
        ] + (keys > 0 ? ["drop foreign keys before, and make them again after the swap, partition by partition"] : []),
        at: wanted.$every),
    ]
  }

  /// What it waits for besides.
  private var cutoverTime: String {
    PartitionSwap.gates(before: PartitionSwap.Phase.cutover.rawValue, wanted).map { "; it \($0)" }.joined()
  }

  /// A range that ends stops the application when it is over.
  func aheadFindings(_ leaves: [PlannedLeaf]) async throws -> [Finding] {
    if wanted.maintain == .cron, try await facts.rows("SELECT to_regclass('cron.job') IS NULL").first?[0] == "t" {
      return [.refusal(
        "swap.maintain", "maintain: cron, and this database has no pg_cron: nothing would make the partitions to come",
        choices: ["maintain: worker, with a step partition.maintain and a schedule", "maintain: external, when something else does it"],
        at: wanted.$maintain)]
    }
    guard wanted.method == .range, wanted.maintain == nil, wanted.defaultPartition == .none,
      case .range(_, let end)? = leaves.last?.bound, let last = end.text
    else { return [] }
    return [
      .warning(
        "swap.maintain", "the last partition ends at \(last), and a row beyond it is an error: somebody has to make the next",
        choices: [
          "a step partition.maintain with a schedule, and maintain: worker", "maintain: external, when something else does it",
        ], at: wanted.$table)
    ]
  }

  private var dependentFindings: [Finding] {
    table.dependents.compactMap { dependent in
      switch dependent.object {
      case _ where !dependent.constraints.isEmpty && !primaryKey.columns.contains(key.name):
        .refusal(
          "swap.dependent",
          "\(dependent.description) groups by a key that gets wider, and cannot be made again as it is",
          choices: ["GROUP BY every column it selects", "drop it before, and make another after the swap"],
          at: wanted.$table)
      case .other:
        .refusal(
          "swap.dependent", "\(dependent.description) depends on \(name) in a way that cannot be carried over",
          choices: ["drop it before, and make it again after the swap"], at: wanted.$table)
      case .view(let view) where view.isMaterialized && view.relation.isPopulated:
        .warning(
          "swap.materialized_view",
          "\(view.relation.name) is made anew under the lock and filled after it: until then reading it is an error",
          choices: ["drop it before, and make it again after the swap"], at: wanted.$table)
      default: nil
      }
    }
  }

  /// A column's own sequence restarts under the lock where the old one stood.
  private var identityFindings: [Finding] {
    table.sequences.filter { $0.isIdentity }.map {
      .note("swap.identity", "\($0.column) goes on counting where \($0.name) stands at the cutover")
    }
  }

  private func nameFindings() async throws -> [Finding] {
    let names = SwapNames(name, tag: step.runTag)
    var findings: [Finding] = []
    for taken in [names.copy, names.old, names.history] where try await facts.relation(taken) != nil {
      findings.append(.refusal(
        "swap.name", "\(taken) exists already, and its name is needed",
        choices: ["rename or drop \(taken)", "finish or roll back the swap that left it"], at: wanted.$table))
    }
    return findings
  }

  var copyCost: Finding {
    .note(
      "swap.cost",
      "while rows are copied a trigger notes the key of every changed row: single-row updates at full speed get about a"
        + " third slower; the copy needs about \(size.bytes.inBytes) more disk, and as much WAL")
  }
}

extension Int64 {
  /// As a person reads a size.
  var inBytes: String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(self), place = 0
    while value >= 1024, place < units.count - 1 { (value, place) = (value / 1024, place + 1) }
    return "\(Int(value.rounded())) \(units[place])"
  }
}
