import JSONText
import PluginAPI

/// One partition taken off its table, and what becomes of it then.
struct Detachment {
  let table: PartitionedTable
  let partition: ExistingPartition
  let concurrently: Bool
  let then: Retirement
  /// Tables that foreign keys of the parent point to.
  let referenced: [QualifiedName]
  /// What is needed to attach it again.
  let record: DetachRecord
  /// Between detaching and what follows.
  let checks: [Operation]

  var operations: [Operation] {
    let detach = partition.isPendingDetach ? finalize : isConcurrent ? concurrent : plain
    switch then {
    case .keep: return [detach] + checks
    case .drop: return [detach] + checks + [drop]
    case .move(let schema): return [detach] + checks + [move(to: schema.name)]
    }
  }

  var isConcurrent: Bool { concurrently && table.defaultPartition == nil }

  private var undo: Undo { .recompile(phase: Reattachment.phase(partition.name)) }

  private var id: String { "detach:\(partition.name)" }

  private var finalizing: SQL { "ALTER TABLE \(id: table.name) DETACH PARTITION \(id: partition.name) FINALIZE" }

  /// It waits for the transactions that use the table without standing in anybody's way, so it has no lock_timeout; in
  /// the end it takes ACCESS EXCLUSIVE on the partition alone.
  private var concurrent: Operation {
    .autocommit(
      id: id, title: "detach \(partition.name)",
      AutocommitWork(
        "ALTER TABLE \(id: table.name) DETACH PARTITION \(id: partition.name) CONCURRENTLY",
        probe: DetachProbe.query(table, partition), cleanup: [finalizing]),
      locks: [RelationLock(.shareUpdateExclusive, table.name), RelationLock(.accessExclusive, partition.name)],
      undo: undo)
  }

  /// What an interrupted concurrent detach has left.
  private var finalize: Operation {
    .autocommit(
      id: id, title: "finish detaching \(partition.name)",
      AutocommitWork(finalizing, probe: DetachProbe.query(table, partition, pendingIsAbsent: true)),
      locks: [RelationLock(.shareUpdateExclusive, table.name), RelationLock(.accessExclusive, partition.name)],
      undo: undo)
  }

  private var plain: Operation {
    .transaction(
      id: id, title: "detach \(partition.name)",
      [TransactionStatement("ALTER TABLE \(id: table.name) DETACH PARTITION \(id: partition.name)")],
      locks: [RelationLock(.accessExclusive, table.name), RelationLock(.accessExclusive, partition.name)]
        + others.map { RelationLock(.accessExclusive, $0) } + referenced.map { RelationLock(.shareRowExclusive, $0) },
      undo: undo)
  }

  private var others: [QualifiedName] {
    table.defaultPartition.map(\.name).map { $0 == partition.name ? [] : [$0] } ?? []
  }

  private var drop: Operation {
    .transaction(
      id: "drop:\(partition.name)", title: "drop \(partition.name)",
      [TransactionStatement("DROP TABLE \(id: partition.name)")],
      unless: DetachProbe.isGone(partition), locks: [RelationLock(.accessExclusive, partition.name)]
        + referenced.map { RelationLock(.accessExclusive, $0) },
      undo: .irreversible(reason: "the rows of \(partition.name) are gone"))
  }

  private func move(to schema: String) -> Operation {
    let moved = QualifiedName(schema, partition.name.name)
    return .transaction(
      id: "move:\(partition.name)", title: "move \(partition.name) to schema \(schema)",
      [TransactionStatement("ALTER TABLE \(id: partition.name) SET SCHEMA \(id: schema)")],
      locks: [RelationLock(.accessExclusive, partition.name)],
      undo: .operations([
        .transaction(
          id: "move-back:\(partition.name)", title: "move \(moved) back to schema \(partition.name.schema)",
          [TransactionStatement("ALTER TABLE \(id: moved) SET SCHEMA \(id: partition.name.schema)")],
          locks: [RelationLock(.accessExclusive, moved)], undo: .nothing)
      ]))
  }
}

/// Queries that decide what became of a detach.
enum DetachProbe {
  /// One row `(state, detail)`. `pendingIsAbsent`: for FINALIZE, whose work then has not been done yet.
  static func query(_ table: PartitionedTable, _ partition: ExistingPartition, pendingIsAbsent: Bool = false) -> SQL {
    let head = "DETACH PARTITION \(partition.name.quoted)"
    return """
      SELECT CASE WHEN worker IS NOT NULL THEN 'running' WHEN relname IS NULL THEN 'conflict'
          WHEN pending IS NULL THEN 'complete' WHEN NOT pending THEN 'absent'
          ELSE \(pendingIsAbsent ? "absent" : "partial") END AS state,
        CASE WHEN worker IS NOT NULL THEN format('backend %s is detaching it', worker)
          WHEN relname IS NULL THEN 'the partition does not exist any more' WHEN pending IS NULL THEN 'it is detached'
          WHEN NOT pending THEN 'it is still attached' ELSE 'detaching it has begun and not finished' END AS detail
      FROM (VALUES (true)) AS one
      LEFT JOIN LATERAL (SELECT c.relname FROM pg_class c WHERE c.oid = \(partition.oid)::int8::oid) AS leaf ON true
      LEFT JOIN LATERAL (SELECT i.inhdetachpending AS pending FROM pg_inherits i
        WHERE i.inhrelid = \(partition.oid)::int8::oid AND i.inhparent = \(table.facts.oid)::int8::oid) AS tie ON true
      LEFT JOIN LATERAL (SELECT min(a.pid) AS worker FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.state = 'active' AND strpos(a.query, \(head)) > 0
          AND a.pid <> pg_backend_pid()) AS work ON true
      """
  }

  static func isGone(_ partition: ExistingPartition) -> SQL {
    "SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid = \(partition.oid)::int8::oid)"
  }
}
