package import JSONText
package import PluginAPI

/// The way back of a detach, compiled from the catalog as it is then. The partition's rows may have changed since, so
/// the bound is proven again: by the CHECK a concurrent detach leaves, or by one that is validated beside the traffic.
package struct Reattachment {
  let parent: QualifiedName
  let record: DetachRecord
  let defaultPartition: QualifiedName?
  let referenced: [QualifiedName]
  let facts: any Facts

  private static let prefix = "attach:"

  /// The constraint that a partition has only until it is attached.
  package static let boundCheck = "caisson_bound"

  static func phase(_ partition: QualifiedName) -> String { "\(prefix)\(partition)" }

  /// `nil`: not a phase of ours.
  package static func program(
    _ phase: String, carry: JSON, on table: QualifiedName, at mark: SourceRange, _ facts: any Facts
  ) async throws -> Program? {
    guard phase.hasPrefix(prefix) else { return nil }
    let records = carry["detached"]?.array?.compactMap(DetachRecord.init) ?? []
    guard let record = records.first(where: { Reattachment.phase($0.name) == phase }) else {
      throw StepRefusal("partition.lost", "nothing is known about `\(phase)`", choices: ["attach it by hand"], at: mark)
    }
    let found = try await PartitionedTable.find(table, at: mark, facts)
    return try await Reattachment(
      parent: table, record: record, defaultPartition: found.defaultPartition?.name, referenced: try await found.referenced(facts),
      facts: facts
    ).program(at: mark)
  }

  private func program(at mark: SourceRange) async throws -> Program {
    guard let row = try await facts.rows(state).first else {
      throw StepRefusal(
        "partition.dropped", "\(record.name) does not exist any more", choices: ["restore it, then roll back again"],
        at: mark)
    }
    if try row.bool("attached") { return Program() }
    if let proof = row["proof"] {
      return Program(operations: [attach(dropping: record.checks.contains(proof) ? nil : proof)])
    }
    return Program(operations: [addCheck, validate, attach(dropping: Reattachment.boundCheck)])
  }

  /// `proof`: a validated CHECK that says what the bound says, in the server's own words.
  private var state: SQL {
    """
    SELECT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS attached,
      (SELECT k.conname FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated
        AND \(sql: DetachRecord.says("k.oid", "\(record.condition)::text"))
        ORDER BY k.conname = ANY (\(record.checks)::text[]) LIMIT 1) AS proof
    FROM pg_class c WHERE c.oid = \(record.oid)::int8::oid
    """
  }

  private func attach(dropping check: String?) -> Operation {
    let drop = check.map { TransactionStatement("ALTER TABLE \(id: record.name) DROP CONSTRAINT \(id: $0)") }
    return .transaction(
      id: "attach:\(record.name)", title: "attach \(record.name) again",
      [
        TransactionStatement(
          "ALTER TABLE \(id: parent) ATTACH PARTITION \(id: record.name) \(sql: SQL(verbatim: record.bound))")
      ] + (drop.map { [$0] } ?? []),
      locks: [RelationLock(.shareUpdateExclusive, parent), RelationLock(.accessExclusive, record.name)]
        + (defaultPartition.map { [RelationLock(.accessExclusive, $0)] } ?? [])
        + referenced.map { RelationLock(.shareRowExclusive, $0) },
      undo: .nothing)
  }

  private var addCheck: Operation {
    .transaction(
      id: "check:\(record.name)", title: "add the bound of \(record.name) as a CHECK",
      [
        TransactionStatement(
          """
          ALTER TABLE \(id: record.name) ADD CONSTRAINT \(id: Reattachment.boundCheck) CHECK \
          (\(sql: SQL(verbatim: record.condition))) NOT VALID
          """)
      ],
      locks: [RelationLock(.accessExclusive, record.name)], undo: .nothing)
  }

  private var validate: Operation {
    .transaction(
      id: "validate:\(record.name)", title: "check the rows of \(record.name) against its bound",
      [TransactionStatement("ALTER TABLE \(id: record.name) VALIDATE CONSTRAINT \(id: Reattachment.boundCheck)")],
      locks: [RelationLock(.shareUpdateExclusive, record.name)], undo: .nothing)
  }
}
