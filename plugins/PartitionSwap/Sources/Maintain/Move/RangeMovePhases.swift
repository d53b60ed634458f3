import OnlineDDL
import PluginAPI

/// Rows, indexes, what changed meanwhile; then both sides are compared.
struct RangeMoveCopy {
  let move: RangeMove
  let chunk: TimeSpan
  let facts: any Facts

  private var log: KeyLog { move.log }

  /// What is done once there are the partitions, and the move as the next phase wants it.
  func compiled() async throws -> (operations: [Operation], move: RangeMove) {
    guard let fingerprint = try await facts.rows(log.captureFingerprint).first?[0] else {
      throw StepRefusal("partition.changed", "\(move.rest) is gone", choices: ["roll the step back"])
    }
    let first = move.indexes.filter { $0.isPrimary || !$0.isSecondaryUnique }
    let uniques = move.indexes.filter(\.isSecondaryUnique)
    var operations: [Operation] = [
      .chunked(
        id: "move-rows", title: "copy the rows of \(move.rest)",
        log.copyWork(order: .primaryKey, fingerprint: fingerprint, keyed: false, target: chunk), undo: .nothing)
    ]
    operations += build("move-indexes", first)
    operations.append(build(move.staying, first.filter(\.isPrimary), id: "move-indexes-staying"))
    operations += [
      chunked("move-drain", log.drainWork(below: RangeMoveExchange.backlog + 1, limited: true, target: chunk.forReplay)),
      chunked("move-drain-all", log.replayWork(limited: false, indexed: true, target: chunk.forReplay)),
    ]
    operations += build("move-uniques", uniques)
    operations += move.leafNames.enumerated().map { CopyUpkeep.analyze($0.element, id: "move-analyze-\($0.offset + 1)") }
    operations.append(
      .chunked(
        id: "move-verify", title: "compare the copy with \(move.rest)", log.verifyWork(.hash, target: chunk),
        undo: .nothing))
    var handed = move
    handed.captureFingerprint = fingerprint
    return (operations, handed)
  }

  private func chunked(_ id: String, _ work: ChunkedWork) -> Operation {
    .chunked(id: id, title: "bring over what changed in \(move.rest) meanwhile", work, undo: .nothing)
  }

  private func build(_ id: String, _ indexes: [CopyIndex]) -> [Operation] {
    guard !indexes.isEmpty else { return [] }
    return move.leafNames.enumerated().map { build($0.element, indexes, id: "\(id)-\($0.offset + 1)") }
  }

  private func build(_ leaf: QualifiedName, _ indexes: [CopyIndex], id: String) -> Operation {
    .transaction(
      id: id, title: "build indexes of \(leaf)", indexes.map { TransactionStatement($0.make(on: leaf)) },
      settings: [Setting("statement_timeout", "0")], undo: .nothing)
  }
}

/// The partitions are attached. Under the lock the last changes are brought over, and the default partition is left with
/// the rows that no range takes.
struct RangeMoveExchange {
  let move: RangeMove
  let key: PartitionKey
  let chunk: TimeSpan
  let facts: any Facts

  /// Changes that may be left for the last replay.
  static let backlog = 1_000
  private static let deadline = TimeSpan.hours(1)

  private var log: KeyLog { move.log }
  private var parent: QualifiedName { move.parent }
  private var rest: QualifiedName { move.rest }

  func operations() async throws -> [Operation] {
    let settings = log.replaySettings(indexed: true) + (try await DeadlockPatience.settings(facts))
    let swap = Operation(
      id: "move-attach", title: "attach \(move.leaves.count) partitions in place of their rows in \(rest)", locks: locks,
      work: .transaction(TransactionWork(entry: entry, statements, settings: settings)),
      undo: .operations([lift] + move.leaves.reversed().map(back)))
    return [
      .chunked(
        id: "move-rest", title: "bring over what changed in \(rest) meanwhile",
        log.drainWork(below: Self.backlog / 2 + 1, limited: false, target: chunk.forReplay), undo: .nothing),
      .wait(
        id: "move-readers", title: "wait for transactions that are older than the copied rows", until: log.oldReaders,
        deadline: Self.deadline, every: .milliseconds(200)),
      swap,
    ] + move.oldWriters.release(deadline: Self.deadline) + [move.cleanup]
  }

  /// Before rows move again: none of the program's own triggers is left on the table.
  private var lift: Operation {
    .transaction(
      id: "lift", title: "let every transaction write \(parent) again",
      move.oldWriters.lift.map { TransactionStatement($0) }, locks: [RelationLock(.accessExclusive, parent)], undo: .nothing)
  }

  /// The parent as well: who waits for it has not looked up the partitions yet (`DefaultDrain`).
  private var entry: [SQL] {
    [
      "LOCK TABLE ONLY \(id: parent) IN ACCESS EXCLUSIVE MODE", "LOCK TABLE ONLY \(id: rest) IN ACCESS EXCLUSIVE MODE",
    ]
  }

  private var locks: [RelationLock] {
    ([parent, rest, move.staging, move.staying] + move.leafNames).map { RelationLock(.accessExclusive, $0) }
      + move.referenced.map { RelationLock(.shareRowExclusive, $0) }
  }

  private var statements: [TransactionStatement] {
    let most = DefaultContent.mostRows
    let guards = [
      TransactionStatement(log.intact(move.captureFingerprint ?? "")),
      TransactionStatement(
        """
        SELECT count(*) <= \(sql: String(Self.backlog)) AND NOT coalesce(bool_or(l.marker), false)
        FROM (SELECT marker FROM \(id: log.log) LIMIT \(sql: String(Self.backlog + 1))) l
        """, expect: .isTrue, onMismatch: .retryPhase,
        message: "more than \(Self.backlog) changes, or a TRUNCATE, came while the lock was waited for"),
      TransactionStatement(log.replay(truncates: false)),
      TransactionStatement(
        "SELECT count(*) <= \(sql: String(most)) FROM (SELECT FROM \(id: move.staying) LIMIT \(sql: String(most + 1))) AS few",
        expect: .isTrue,
        message: "more than \(most) rows that no range takes came to \(rest): they would be moved under the lock"),
      // What is put back into the default partition is as new as this transaction.
      TransactionStatement(
        """
        UPDATE \(id: log.state) SET written = pg_current_xact_id()::text::bigint
        WHERE EXISTS (SELECT FROM \(id: move.staying))
        """),
      TransactionStatement(
        log.oldReaders, expect: .isTrue, onMismatch: .retryPhase,
        message: "a transaction is older than the copied rows and would not see them"),
    ]
    return guards + (emptied + move.leaves.flatMap(attach) + move.oldWriters.stop).map { TransactionStatement($0) }
  }

  /// TRUNCATE takes no time; what no range takes is little.
  private var emptied: [SQL] {
    ["SET CONSTRAINTS ALL IMMEDIATE"] + log.dropCapture(from: rest)
      + move.triggers.map { "ALTER TABLE \(id: rest) DISABLE TRIGGER \(id: $0.name)" }
      + [
        "TRUNCATE ONLY \(id: rest)",
        """
        INSERT INTO \(id: rest) (\(sql: move.columns)) OVERRIDING SYSTEM VALUE
        SELECT \(sql: move.columns) FROM ONLY \(id: move.staying)
        """,
      ] + move.triggers.map { "ALTER TABLE \(id: rest) \(sql: $0.enable) TRIGGER \(id: $0.name)" }
  }

  private func attach(_ leaf: PlannedLeaf) -> [SQL] {
    [
      "ALTER TABLE \(id: move.staging) DETACH PARTITION \(id: leaf.name)",
      "ALTER TABLE \(id: parent) ATTACH PARTITION \(id: leaf.name) \(sql: leaf.bound.forValues)",
      "ALTER TABLE \(id: leaf.name) DROP CONSTRAINT \(id: LeafCreation.boundCheck)",
    ]
  }

  /// Few rows go back into the default partition, with those that have come since; a range that holds more stays a
  /// partition: the table reads the same, and moving them would need a long lock.
  private func back(_ leaf: PlannedLeaf) -> Operation {
    let most = DefaultContent.mostRows
    let triggers = move.triggers
    let statements: [SQL] =
      ["ALTER TABLE \(id: parent) DETACH PARTITION \(id: leaf.name)"]
      + triggers.map { "ALTER TABLE \(id: rest) DISABLE TRIGGER \(id: $0.name)" }
      + [
        """
        INSERT INTO \(id: rest) (\(sql: move.columns)) OVERRIDING SYSTEM VALUE
        SELECT \(sql: move.columns) FROM ONLY \(id: leaf.name)
        """
      ] + triggers.map { "ALTER TABLE \(id: rest) \(sql: $0.enable) TRIGGER \(id: $0.name)" }
      + ["DROP TABLE \(id: leaf.name)"]
    return .transaction(
      id: "back:\(leaf.name)", title: "move the rows of \(leaf.name) back into \(rest), if they are at most \(most)",
      statements.map { TransactionStatement($0) },
      unless: "SELECT count(*) > \(sql: String(most)) FROM (SELECT FROM ONLY \(id: leaf.name) LIMIT \(sql: String(most + 1))) AS few",
      locks: [parent, rest, leaf.name].map { RelationLock(.accessExclusive, $0) }
        + move.referenced.map { RelationLock(.accessExclusive, $0) },
      undo: .nothing)
  }
}
