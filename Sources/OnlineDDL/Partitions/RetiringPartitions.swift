import JSONText
package import PluginAPI

/// Operations and findings for partitions that have to go.
package struct RetiringPartitions {
  let table: PartitionedTable
  let concurrently: Bool
  let then: Retirement
  let mark: SourceRange
  let facts: any Facts
  let checks: @Sendable (ExistingPartition) -> [Operation]

  /// `checks`: what looks at a partition after it is detached and before anything else happens to it.
  package init(
    table: PartitionedTable, concurrently: Bool, then: Retirement, mark: SourceRange, facts: any Facts,
    checks: @escaping @Sendable (ExistingPartition) -> [Operation] = { _ in [] }
  ) {
    self.table = table
    self.concurrently = concurrently
    self.then = then
    self.mark = mark
    self.facts = facts
    self.checks = checks
  }

  /// `isStrict`: what stands against one partition refuses the step; otherwise that partition stays, with a warning,
  /// and the others go.
  package func program(_ chosen: [ExistingPartition], isStrict: Bool) async throws -> Program {
    var program = Program(privileges: [Privilege(.owner(table.name))])
    program.findings = try await general(chosen)
    guard program.refusals.isEmpty, !chosen.isEmpty else { return program }
    let referenced = try await table.referenced(facts)
    let obstacles = DetachObstacles(table: table, facts: facts)
    let references = try await obstacles.references()
    var records: [JSON] = []
    // A detach that was interrupted stands in the way of every other.
    for partition in chosen.filter(\.isPendingDetach) + chosen.filter({ !$0.isPendingDetach }) {
      let against = try await findings(against: partition, obstacles, references, isStrict: isStrict)
      program.findings += against
      guard against.isEmpty else { continue }
      let record = try await DetachRecord.read(partition, facts)
      records.append(record.json)
      program.operations += Detachment(
        table: table, partition: partition, concurrently: concurrently, then: then, referenced: referenced,
        record: record, checks: checks(partition)
      ).operations
    }
    program.carry = .object(JSONObject([("detached", .array(records))]))
    return program
  }

  private func findings(
    against partition: ExistingPartition, _ obstacles: DetachObstacles, _ references: [DetachObstacles.Reference],
    isStrict: Bool
  ) async throws -> [Finding] {
    var findings: [Finding] = []
    if let reference = try await obstacles.reference(into: partition, of: references) {
      findings.append(Finding(
        isStrict ? .refusal : .warning, "partition.referenced",
        "\(reference): PostgreSQL refuses to detach it (23503), so it stays",
        choices: ["delete or repoint the referencing rows first"], at: mark))
    }
    if then == .drop {
      let dependents = try await obstacles.dependents(of: partition)
      if !dependents.isEmpty {
        findings.append(Finding(
          isStrict ? .refusal : .warning, "partition.dependents",
          "\(partition.name) cannot be dropped (2BP01), so it stays: \(dependents.joined(separator: ", ")) depend on it",
          choices: ["drop them first", "then: keep"], at: mark))
      }
    }
    return findings
  }

  private func general(_ chosen: [ExistingPartition]) async throws -> [Finding] {
    var findings: [Finding] = []
    for pending in table.partitions where pending.isPendingDetach {
      if chosen.contains(pending) {
        findings.append(.note(
          "partition.pending_detach", "detaching \(pending.name) was begun and interrupted: it is finished now",
          at: mark))
      } else {
        let message = "somebody has begun to detach \(pending.name) and not finished"
          + (isConcurrent(chosen) ? ": until then no other partition of \(table.name) can be detached concurrently" : "")
        findings.append(Finding(
          isConcurrent(chosen) ? .refusal : .warning, "partition.pending_detach", message,
          choices: ["ALTER TABLE \(table.name.quoted) DETACH PARTITION \(pending.name.quoted) FINALIZE"], at: mark))
      }
    }
    if concurrently, let rest = table.defaultPartition, !chosen.allSatisfy(\.isPendingDetach) {
      findings.append(.warning(
        "partition.detach_plain",
        "\(table.name) has a default partition, \(rest.name): it cannot be detached from concurrently. ACCESS"
          + " EXCLUSIVE on \(table.name) for a moment, within max_stall",
        choices: ["detach the default partition first"], at: mark))
    }
    if case .move(let schema) = then {
      let known = try await facts.rows("SELECT FROM pg_namespace WHERE nspname = \(schema.name)")
      if known.isEmpty {
        findings.append(.refusal(
          "partition.schema", "schema \(schema) does not exist", choices: ["create it in an earlier step"], at: mark))
      }
    }
    return findings
  }

  private func isConcurrent(_ chosen: [ExistingPartition]) -> Bool {
    concurrently && table.defaultPartition == nil && chosen.contains { !$0.isPendingDetach }
  }
}
