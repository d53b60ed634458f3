import OnlineDDL
import PluginAPI

/// The partitioned table beside the table, empty.
struct AttachPrepare {
  let subject: SwapSubject
  let carry: AttachCarry

  static func compile(_ subject: SwapSubject, _ chosen: [Finding]) async throws -> Program {
    guard !chosen.contains(where: { $0.severity == .refusal }) else { return Program(findings: chosen) }
    let (history, leaves) = try await subject.attachedLeaves()
    let findings = try await chosen + subject.keyFindings() + subject.tableFindings() + subject.lockFindings(leaves)
      + subject.attachFindings(history, leaves)
      + subject.aheadFindings(leaves)
    guard !findings.contains(where: { $0.severity == .refusal }) else { return Program(findings: findings) }
    let carry = try await AttachCarry(subject, history, leaves)
    return Program(
      findings: findings, operations: AttachPrepare(subject: subject, carry: carry).operations, carry: try carry.json,
      privileges: [Privilege(.owner(subject.name)), Privilege(.create(schema: subject.name.schema))])
  }

  private var operations: [Operation] {
    (carry.fill?.operations(target: subject.wanted.chunk) ?? []) + [createParent] + carry.references.map(\.prepare)
  }

  private var createParent: Operation {
    let parent = carry.names.copy
    let ddl = TableDDL(subject.keyed, renaming: Renaming(tables: [subject.name: parent]), isPartitioned: true)
    var statements = ddl.createTable(partitionBy: "RANGE (\(sql: carry.key.name))") + ddl.storage() + ddl.owner() + ddl.checks()
    for leaf in carry.leaves {
      statements.append("CREATE TABLE \(id: leaf.name) PARTITION OF \(id: parent) \(sql: leaf.bound.forValues)")
      statements.append("ALTER TABLE \(id: leaf.name) OWNER TO \(id: subject.table.relation.owner)")
    }
    return .transaction(
      id: "parent", title: "create \(parent) with \(carry.leaves.count) partitions to come",
      statements.map { TransactionStatement($0) },
      undo: .operations([
        .transaction(
          id: "drop", title: "drop \(parent)", [TransactionStatement("DROP TABLE IF EXISTS \(id: parent)")], undo: .nothing)
      ]))
  }
}
