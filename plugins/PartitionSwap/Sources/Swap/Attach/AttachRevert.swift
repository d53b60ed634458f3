import OnlineDDL
import PluginAPI

/// The way back: the first partition is the table again, with the rows that were written to later ones. Compiled from the
/// catalog as it is then: columns, grants, views, policies and triggers made since stay.
struct AttachRevert {
  let step: Step<PartitionSwap.Parameters>
  let carry: AttachCarry
  let facts: any Facts

  private var names: SwapNames { carry.names }
  private var source: QualifiedName { names.source }
  /// So many rows may be moved under the lock.
  private var most: Int { step.parameters.cutover.backlog }

  func program() async throws -> Program {
    guard let before = carry.before, let now = try await facts.inventory(of: source),
      let history = try await facts.inventory(of: names.history),
      try await facts.relation(names.history)?.parent == source,
      let partitions = try await facts.relation(source)?.partitioning?.leaves.map(\.name)
    else {
      throw StepRefusal(
        "swap.history", "\(names.history) is not a partition of \(source) any more: there is no way back",
        choices: ["attach it again", "leave the table partitioned"])
    }
    let later = partitions.filter { $0 != names.history }
    let duplicates = DuplicateFindings(before: before, table: source, guarded: [], key: carry.key.column, facts: facts)
    let refusals = try await incomingFindings(now, before) + rowFindings(later) + duplicates.findings()
    guard refusals.isEmpty else { return Program(findings: refusals) }
    let builds = carry.replaced.enumerated().flatMap { ConcurrentStep.build($0.element.narrow, $0.offset + 1) }
    let dress = CopyDress(table: now, copy: history, leaves: [])
    let change = NameChange(
      leaving: now, retired: names.copy, coming: names.history, renames: renames(now, history, before),
      incoming: incoming(now, before), leaves: partitions, sequences: now.sequences.map(\.name))
    let guarded = try await NameChange.guarded(now, facts)
    let settings = try await DeadlockPatience.settings(facts)
    let published = try await RootPublication.off(before, now, facts)
    let swap = swap(change, now, before, later, guarded, settings, published)
    return Program(
      operations: builds.withoutUndo + [dress.operation, swap]
        + (later.isEmpty ? [] : oldWriters.release(deadline: step.parameters.cutover.deadline))
        + Refill.operations(now) + validations(before))
  }

  private var oldWriters: OldWriters { OldWriters(table: source, name: names.log) }

  // MARK: What changed since

  private func incomingFindings(_ now: TableInventory, _ before: TableInventory) -> [Finding] {
    let known = Set(before.incomingForeignKeys.map(\.constraint.name))
    return now.incomingForeignKeys.filter { !known.contains($0.constraint.name) }.map { key in
      .refusal(
        "swap.incoming", "\(key.table) has referred to \(source) by \(key.constraint.name) since the cutover, and the table"
          + " would have no unique key for it", choices: ["drop \(key.constraint.name) of \(key.table) first"])
    }
  }

  /// Between two partitions no row can be moved but under a lock: what a key says decides where its row is looked for.
  private func rowFindings(_ later: [QualifiedName]) async throws -> [Finding] {
    guard !later.isEmpty else { return [] }
    let count = Int(try await facts.rows(Self.count(later, most: 100_001)).first?[0] ?? "0") ?? 0
    guard count > most else { return [] }
    return [
      .refusal(
        "swap.history_left",
        "\(count > 100_000 ? "more than 100000" : "\(count)") rows were written to later partitions; going back moves them"
          + " under the lock, and `cutover.backlog` allows \(most)",
        choices: [
          "cutover: { backlog: \(count) }, with a max_stall that is long enough to insert them", "leave the table partitioned",
        ], at: step.parameters.$cutover)
    ]
  }

  private static func count(_ partitions: [QualifiedName], most: Int) -> SQL {
    let each = partitions.map { "(SELECT FROM \(id: $0) LIMIT \(sql: String(most)))" as SQL }
    return "SELECT count(*) FROM (\(sql: each.joined(separator: " UNION ALL "))) AS r"
  }

  private func incoming(_ now: TableInventory, _ before: TableInventory) -> [Exchange.IncomingKey] {
    let today = Dictionary(
      now.incomingForeignKeys.map { ($0.constraint.name, $0.constraint.definition) }, uniquingKeysWith: { first, _ in first })
    return before.incomingForeignKeys.map { key in
      let name = key.constraint.name
      return Exchange.IncomingKey(
        table: key.table, before: today[name].map { Exchange.IncomingKey.Named(name: name, definition: $0) },
        after: Exchange.IncomingKey.Named(
          name: name, definition: key.constraint.definition, comment: key.constraint.comment))
    }
  }

  /// An index takes the name of the partitioned table's that it belongs to; the others theirs from before.
  private func renames(
    _ now: TableInventory, _ history: TableInventory, _ before: TableInventory
  ) -> [Exchange.Rename] {
    let wide = Set(carry.replaced.flatMap { [$0.wide?.name.name ?? "", $0.narrow.name.name] })
    let former = Dictionary(
      before.indexes.map { (SwapNames.history($0.name.name), $0.name.name) }, uniquingKeysWith: { first, _ in first })
    // Of two keys that are alike by now, PostgreSQL may have adopted the one for the other: that name is taken.
    let taken = Set(carry.replaced.map(\.name))
    let own = history.indexes.filter { !wide.contains($0.name.name) }.compactMap { index -> Exchange.Rename? in
      let parent = index.parent.flatMap { taken.contains($0.name) ? nil : $0.name }
      guard let name = parent ?? former[index.name.name], name != index.name.name else { return nil }
      return Exchange.Rename(kind: .index, from: index.name, to: name, vacates: false)
    }
    func vacate(_ kind: Exchange.Rename.Kind, _ name: QualifiedName) -> Exchange.Rename {
      Exchange.Rename(kind: kind, from: name, to: SwapNames.new(name.name), vacates: true)
    }
    let statistics = before.statistics.map(\.name).filter { name in
      history.statistics.contains { $0.name.name == SwapNames.history(name.name) }
    }
    return now.indexes.map { vacate(.index, $0.name) } + now.statistics.map { vacate(.statistics, $0.name) }
      + now.sequences.filter(\.isIdentity).map { vacate(.sequence, $0.name) } + own
      + statistics.map {
        Exchange.Rename(
          kind: .statistics, from: QualifiedName($0.schema, SwapNames.history($0.name)), to: $0.name, vacates: false)
      }
  }

  // MARK: The transaction

  private func swap(
    _ change: NameChange, _ now: TableInventory, _ before: TableInventory, _ later: [QualifiedName],
    _ guarded: TransactionStatement, _ settings: [Setting], _ published: [SQL]
  ) -> Operation {
    let ddl = TableDDL(now, isPartitioned: false)
    let detach: SQL = "ALTER TABLE \(id: source) DETACH PARTITION \(id: names.history)"
    let statements: [SQL] = change.dropping + [detach] + carry.replaced.flatMap { $0.dropWide(from: names.history) }
      + change.namesChange + carry.replaced.flatMap { $0.makeNarrow(on: source) } + rows(now, later)
      + NameChange.identities(now, isPartitioned: false, former: SwapNames.new) + ddl.sequenceOwnership()
      + ddl.triggers() + ddl.rules()
      + carry.references.map { "ALTER TABLE \(id: source) ENABLE TRIGGER \(id: $0.followTrigger)" }
      + ownReferences(before) + change.incomingKeys + published + ddl.publications() + ddl.rebindDependents()
      + (later.isEmpty ? [] : oldWriters.stop)
    let checks = [guarded] + (later.isEmpty ? [] : [few(later)])
    let work = [TransactionStatement(change.lock)] + checks + statements.map { TransactionStatement($0) } + readers(later)
    return Operation(
      id: "swap", title: "\(names.history) becomes \(source) again", locks: change.locks,
      work: .transaction(TransactionWork(work, settings: settings)), undo: .nothing)
  }

  private func few(_ later: [QualifiedName]) -> TransactionStatement {
    TransactionStatement(
      "SELECT (\(sql: Self.count(later, most: most + 1))) <= \(sql: String(most))", expect: .isTrue, onMismatch: .retryPhase,
      message: "more than \(most) rows came to later partitions while the lock was waited for")
  }

  /// Whoever has a snapshot from before would not see the rows that were moved. A single statement takes a new one when it
  /// comes to the table, and so does one that waits for our lock, or it is stopped when it writes (`OldWriters`).
  private func readers(_ later: [QualifiedName]) -> [TransactionStatement] {
    guard !later.isEmpty, step.parameters.cutover.oldSnapshots != .accept else { return [] }
    let isWaiting = step.parameters.cutover.oldSnapshots == .wait
    return [
      TransactionStatement(
        """
        SELECT (\(sql: Self.count(later, most: 1))) = 0 OR NOT EXISTS (
          SELECT FROM pg_stat_activity a
          WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
            AND a.backend_xmin IS NOT NULL AND (a.state <> 'active' OR a.xact_start < a.query_start)
            AND NOT pg_backend_pid() = ANY (pg_blocking_pids(a.pid)))
        """, expect: .isTrue, onMismatch: isWaiting ? .retryPhase : .fail,
        message: "a transaction is older than the rows that were moved and would not see them")
    ]
  }

  /// Of later partitions, before the table has its triggers again: nothing is done twice.
  private func rows(_ now: TableInventory, _ later: [QualifiedName]) -> [SQL] {
    let columns = now.columns.filter { $0.generated == nil }.map { Quoting.identifier($0.name) }.joined(separator: ", ")
    let moves = later.map { partition -> SQL in
      """
      INSERT INTO \(id: source) (\(sql: columns)) OVERRIDING SYSTEM VALUE SELECT \(sql: columns) FROM \(id: partition)
      """
    }
    guard !moves.isEmpty else { return [] }
    let isForced = now.relation.forcesRowSecurity
    func force(_ word: String) -> [SQL] {
      isForced ? ["ALTER TABLE \(id: source) \(sql: word) ROW LEVEL SECURITY"] : []
    }
    // A deferred key that is still to be checked would forbid every further ALTER TABLE.
    return force("NO FORCE") + ["SET CONSTRAINTS ALL IMMEDIATE"] + moves + force("FORCE")
  }

  private func ownReferences(_ before: TableInventory) -> [SQL] {
    before.constraints.filter { $0.isOwnReference(of: before) }.map {
      "ALTER TABLE \(id: source) ADD CONSTRAINT \(id: $0.name) \(sql: $0.definition) NOT VALID"
    }
  }

  private func validations(_ before: TableInventory) -> [Operation] {
    before.constraints.filter { $0.isOwnReference(of: before) && $0.isValidated }.map {
      Validation.operation($0.name, on: source, id: "validate-\($0.name)")
    } + before.incomingForeignKeys.filter(\.constraint.isValidated).map(Validation.operation)
  }
}

extension TableInventory.Constraint {
  /// A foreign key from the table to itself.
  func isOwnReference(of table: TableInventory) -> Bool { kind == .foreignKey && reference?.tableOid == table.relation.oid }
}
