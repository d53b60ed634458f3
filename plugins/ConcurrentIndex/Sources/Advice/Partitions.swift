import OnlineDDL
import PluginAPI

extension IndexCompiler {
  func partitionFindings() -> [Finding] {
    guard let partitioning = table.partitioning else { return [] }
    var findings: [Finding] = []
    let leaves = partitioning.leaves
    let foreign = leaves.filter { $0.kind == .foreignTable }
    if !foreign.isEmpty {
      findings.append(.refusal(
        "index.foreign_partition",
        "\(foreign.map(\.name.description).joined(separator: ", ")): foreign partitions cannot be indexed from here, so the"
          + " index of \(table.name) would never be valid",
        choices: ["one index.create for each local partition", "detach the foreign partition"], at: marks.table))
    }
    if index.spec.isUnique { findings += keyFindings(partitioning) }
    findings.append(.note(
      "index.partitions",
      "\(leaves.count) partitions, one concurrent build each, then attached. There is no concurrent way to drop the"
        + " index of a partitioned table: rollback takes ACCESS EXCLUSIVE on \(table.name) and its partitions for a moment",
      at: marks.table))
    return findings
  }

  private func keyFindings(_ partitioning: Partitioning) -> [Finding] {
    if partitioning.hasExpression {
      return [
        .refusal(
          "index.partition_key", "\(table.name) is partitioned by an expression: no index of it can be unique",
          choices: ["a unique index on each partition"], at: marks.table)
      ]
    }
    let missing = partitioning.columns.filter { !index.spec.columns.contains($0) }
    guard !missing.isEmpty else { return [] }
    let names = missing.joined(separator: ", ")
    return [
      .refusal(
        "index.partition_key",
        "a unique index of a partitioned table contains the partition key, and \(names) is not in it: PostgreSQL can"
          + " only compare rows of one partition",
        choices: ["add \(names) to `columns` (then it is unique together with it)", "a unique index on each partition"],
        at: marks.keys.first ?? marks.table)
    ]
  }
}
