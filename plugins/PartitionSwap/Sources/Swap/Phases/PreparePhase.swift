import OnlineDDL
import PluginAPI

/// The empty copy, the log, and from then on every change is noted.
struct PreparePhase {
  let subject: SwapSubject
  let leaves: [PlannedLeaf]
  let carry: SwapCarry

  static func compile(_ step: Step<PartitionSwap.Parameters>, _ facts: any Facts) async throws -> Program {
    if let there = try await partitioned(step, facts) { return there }
    let (found, refused) = try await SwapSubject.find(step, facts)
    guard let subject = found else { return Program(findings: refused) }
    let choice = try await StrategyChoice.of(subject)
    if choice.isAttach { return try await AttachPrepare.compile(subject, choice.findings) }
    var findings = try await choice.findings + subject.keyFindings() + subject.tableFindings() + [subject.copyCost]
    let leaves = try await subject.leaves()
    let carry = try await SwapCarry(subject, leaves)
    findings += try await subject.strayFindings(carry.forward, leaves)
    findings += try await subject.lockFindings(leaves)
    findings += try await subject.cutoverFindings(leaves.count)
    findings += try await subject.aheadFindings(leaves)
    guard !findings.contains(where: { $0.severity == .refusal }) else { return Program(findings: findings) }
    let phase = PreparePhase(subject: subject, leaves: leaves, carry: carry)
    return Program(
      findings: findings, operations: phase.operations, carry: try carry.json,
      privileges: carry.forward.privileges + [Privilege(.create(schema: subject.name.schema))])
  }

  /// The table is what the step makes of it: nothing is to be done.
  private static func partitioned(
    _ step: Step<PartitionSwap.Parameters>, _ facts: any Facts
  ) async throws -> Program? {
    let wanted = step.parameters
    guard let table = try await facts.relation(wanted.table), let partitioning = table.partitioning else { return nil }
    if partitioning.columns == [wanted.by.name], partitioning.strategy == wanted.method.rawValue {
      return .alreadySo(
        .note("swap.partitioned", "\(table.name) is partitioned by \(wanted.method.rawValue) of \(wanted.by) already"))
    }
    let key = partitioning.columns.joined(separator: ", ")
    return Program(findings: [
      .refusal(
        "swap.partitioned", "\(table.name) is partitioned already, by \(partitioning.strategy) of (\(key))",
        choices: ["name a table that is not partitioned"], at: wanted.$table)
    ])
  }

  private var operations: [Operation] {
    // Taken back in reverse order: the copy, whose triggers call the logs' functions, before the logs.
    (carry.fill?.operations(target: subject.wanted.chunk) ?? []) + carry.guards.map(\.prepare)
      + [createLogs, createCopy, startCapture] + carry.references.map(\.prepare)
  }

  private var createCopy: Operation {
    let copy = carry.names.copy
    let shape = TableDDL(subject.keyed, renaming: Renaming(tables: [subject.name: copy]), isPartitioned: true)
    var statements = shape.createTable(partitionBy: carry.partitionedBy) + shape.storage() + shape.owner() + shape.checkedConstraints()
    for leaf in leaves {
      statements.append("CREATE TABLE \(id: leaf.name) PARTITION OF \(id: copy) \(sql: leaf.bound.forValues)")
      statements.append("ALTER TABLE \(id: leaf.name) OWNER TO \(id: subject.table.relation.owner)")
      // Until the cutover nobody reads them; vacuuming between chunks would only be in the way.
      statements.append("ALTER TABLE \(id: leaf.name) SET (autovacuum_enabled = off)")
    }
    return .transaction(
      id: "copy-table", title: "create \(copy) with \(leaves.count) partitions", statements.map { TransactionStatement($0) },
      undo: .operations([
        .transaction(
          id: "drop", title: "drop \(copy)", [TransactionStatement("DROP TABLE IF EXISTS \(id: copy)")], undo: .nothing)
      ]))
  }

  private var createLogs: Operation {
    let logs = [carry.forward, carry.reverse]
    let statements = logs.flatMap(\.create) + logs.flatMap(\.createTripwire) + carry.reverse.createFollow
      + [FollowRegister.create]
    return .transaction(
      id: "logs", title: "create the logs of changed keys", statements.map { TransactionStatement($0) },
      undo: .operations([
        .transaction(
          id: "drop", title: "drop the logs of changed keys",
          logs.flatMap { $0.drop + carry.oldWriters($0).forget }.map { TransactionStatement($0) }, undo: .nothing)
      ]))
  }

  private var startCapture: Operation {
    let source = subject.name
    return .transaction(
      id: "capture", title: "note every change of \(source)",
      carry.forward.capture(on: source).map { TransactionStatement($0) },
      locks: [RelationLock(.shareRowExclusive, source)],
      undo: .operations([
        .transaction(
          id: "release", title: "stop noting changes of \(source)",
          carry.forward.dropCapture(from: source).map { TransactionStatement($0) },
          locks: [RelationLock(.accessExclusive, source)], undo: .nothing)
      ]))
  }
}
