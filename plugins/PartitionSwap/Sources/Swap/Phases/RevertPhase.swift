import OnlineDDL
import PluginAPI

/// The way back: the old table gets every write made since the cutover, and its name again. Compiled from the catalog as
/// it is then: grants, views and foreign keys made since stay.
struct RevertPhase {
  let step: Step<PartitionSwap.Parameters>
  let carry: SwapCarry
  let facts: any Facts

  private var wanted: PartitionSwap.Parameters { step.parameters }
  private var names: SwapNames { carry.names }

  func program() async throws -> Program {
    guard let before = carry.before, let now = try await facts.inventory(of: names.source)?.withoutCapture,
      let old = try await facts.inventory(of: names.old)?.withoutCapture,
      let leaves = try await facts.relation(names.source)?.partitioning?.leaves.map(\.name),
      let fingerprint = try await facts.rows(carry.reverse.captureFingerprint).first?[0]
    else {
      throw StepRefusal(
        "swap.old", "\(names.source) or \(names.old) is gone: there is no way back",
        choices: ["restore it, or leave the swap as it is"])
    }
    let refusals = try await columnFindings(now, before) + incomingFindings(now, before) + duplicates(before).findings()
    guard refusals.isEmpty else { return Program(findings: refusals) }
    let exchange = Exchange(
      leaving: Exchange.Side(table: now, leaves: leaves), retired: names.copy,
      coming: Exchange.Side(table: old, leaves: []), renames: renames(before), outgoing: outgoing(now),
      incoming: incoming(now, before), log: carry.reverse,
      settings: carry.reverse.replaySettings(indexed: true) + (try await DeadlockPatience.settings(facts)),
      guards: try await guards(now, fingerprint), oldSnapshots: wanted.cutover.oldSnapshots)
    let dress = CopyDress(table: now, copy: old, leaves: [])
    // As the step found it: by the cutover another step's table may have come to need it.
    let published = try await RootPublication.off(carry.made, now, facts)
    let swap = swap(exchange, now, before, leaves, published)
    let strays = try await Strays.operations(of: carry.reverse, beside: names.source, facts)
    let isUnsure = try await FollowRegister.entry(of: names.source, facts)?.isUnsure ?? false
    return Program(operations: strays + [dress.operation, fit, drain, verify(isUnsure), wait, swap].compactMap { $0 }
      + (isGuarded ? carry.oldWriters(carry.reverse).release(deadline: wanted.cutover.deadline) : [])
      + Refill.operations(now) + validations(now, before, exchange))
  }

  /// Nothing may stay behind on the way back, so older transactions have to end first; who accepts them does not wait.
  private var isGuarded: Bool { wanted.cutover.oldSnapshots != .accept }

  // MARK: Before the lock

  private var drain: Operation {
    .chunked(
      id: "drain", title: "bring what was written since over to \(names.old)",
      carry.reverse.drainWork(below: wanted.cutover.backlog / 2 + 1, limited: false, target: wanted.drain), undo: .nothing)
  }

  /// What the old table's own keys forbid is said by name, before anything is locked.
  private var fit: Operation {
    .chunked(
      id: "fit", title: "see whether \(names.old) can take what was written since",
      carry.reverse.fitWork(
        next: "delete or change those rows, then roll back again; or stay with the partitioned table", target: wanted.drain),
      undo: .nothing)
  }

  /// Where changes may have gone by unnoted, every row is compared whatever the plan says.
  private func verify(_ isUnsure: Bool) -> Operation? {
    guard wanted.verify != .none || isUnsure else { return nil }
    return .chunked(
      id: "verify", title: "compare \(names.old) with \(names.source)",
      carry.reverse.verifyWork(
        wanted.verify == .hash || isUnsure ? .hash : .count, target: wanted.chunk, workers: wanted.workers), undo: .nothing)
  }

  private var wait: Operation? {
    guard wanted.cutover.oldSnapshots == .wait else { return nil }
    return .wait(
      id: "readers", title: "wait for transactions that are older than what was brought over",
      until: carry.reverse.oldReaders, deadline: wanted.cutover.deadline, every: .milliseconds(200))
  }

  private func guards(_ now: TableInventory, _ capture: String) async throws -> [TransactionStatement] {
    let fingerprint = TableFingerprint(now.relation.oid)
    return [
      TransactionStatement(carry.reverse.intact(capture)),
      TransactionStatement(
        fingerprint.holds(try await fingerprint.read(facts)), expect: .isTrue, onMismatch: .retryPhase,
        message: "\(names.source) was changed while going back was prepared"),
    ]
  }

  // MARK: What changed since

  private func duplicates(_ before: TableInventory) -> DuplicateFindings {
    DuplicateFindings(
      before: before, table: names.source, guarded: Set(carry.guards.map(\.name)), key: carry.key.column, facts: facts)
  }

  private func columnFindings(_ now: TableInventory, _ before: TableInventory) -> [Finding] {
    let then = Dictionary(uniqueKeysWithValues: before.columns.map { ($0.name, $0.type) })
    let today = Dictionary(uniqueKeysWithValues: now.columns.map { ($0.name, $0.type) })
    let changed = Set(then.keys).union(today.keys).filter { then[$0] != today[$0] }.sorted()
    return changed.map { column in
      .refusal(
        "swap.column", "column \(column) of \(names.source) was added, changed or dropped after the cutover: the old table"
          + " does not have it so", choices: ["undo that change first", "stay with the partitioned table"])
    }
  }

  private func incomingFindings(_ now: TableInventory, _ before: TableInventory) -> [Finding] {
    let known = Set(before.incomingForeignKeys.map(\.constraint.name))
    return now.incomingForeignKeys.filter { !known.contains($0.constraint.name) }.map { key in
      .refusal(
        "swap.incoming", "\(key.table) has referred to \(names.source) by \(key.constraint.name) since the cutover, and the"
          + " old table has no unique key for it", choices: ["drop \(key.constraint.name) of \(key.table) first"])
    }
  }

  private func renames(_ before: TableInventory) -> [Exchange.Rename] {
    func pair(_ kind: Exchange.Rename.Kind, _ name: QualifiedName, leaves: Bool) -> [Exchange.Rename] {
      let back = Exchange.Rename(
        kind: kind, from: QualifiedName(name.schema, SwapNames.old(name.name)), to: name.name, vacates: false)
      guard leaves else { return [back] }
      return [Exchange.Rename(kind: kind, from: name, to: SwapNames.new(name.name), vacates: true), back]
    }
    let adopted = Set(carry.indexes.filter { $0.kind != .leafConstraint }.map(\.name))
    let guards = carry.guards.map {
      Exchange.Rename(
        kind: .index, from: QualifiedName(names.source.schema, $0.name), to: $0.temporaryName, vacates: true)
    }
    return guards + before.indexes.flatMap { pair(.index, $0.name, leaves: adopted.contains($0.name.name)) }
      + before.statistics.flatMap { pair(.statistics, $0.name, leaves: true) }
  }

  private func outgoing(_ now: TableInventory) -> [TableInventory.Constraint] {
    now.constraints.filter { $0.kind == .foreignKey }
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

  // MARK: The transaction

  private func swap(
    _ exchange: Exchange, _ now: TableInventory, _ before: TableInventory, _ leaves: [QualifiedName], _ published: [SQL]
  ) -> Operation {
    let follow = carry.references.map { "ALTER TABLE \(id: names.source) ENABLE TRIGGER \(id: $0.followTrigger)" as SQL }
    let after = [FollowRegister.remove(names.source)] + follow + sequences(before) + carry.reverse.dropTripwire(from: [names.source])
      + carry.forward.tripwire(on: [names.copy] + leaves) + (isGuarded ? carry.oldWriters(carry.reverse).stop : []) + triggers(now, before)
      + partialKeys(now, before, leaves) + foreignKeys(exchange, before)
      + published + TableDDL(now, isPartitioned: false).publications() + TableDDL(now, isPartitioned: false).rebindDependents()
    let statements = exchange.opening(rows: wanted.cutover.backlog) + after.map { TransactionStatement($0) }
    return Operation(
      id: "swap", title: "\(names.old) becomes \(names.source) again", locks: exchange.locks,
      work: .transaction(TransactionWork(statements, settings: exchange.settings)), undo: .nothing)
  }

  private func sequences(_ before: TableInventory) -> [SQL] {
    before.sequences.flatMap { sequence -> [SQL] in
      guard sequence.isIdentity else {
        return ["ALTER SEQUENCE \(id: sequence.name) OWNED BY \(id: names.source).\(id: sequence.column)"]
      }
      let former = QualifiedName(sequence.name.schema, SwapNames.old(sequence.name.name))
      return [
        "SELECT setval(\(literal: former.quoted), s.last_value, s.is_called) FROM \(id: sequence.name) s",
        "ALTER TABLE \(id: names.copy) ALTER COLUMN \(id: sequence.column) DROP IDENTITY",
        "ALTER SEQUENCE \(id: former) RENAME TO \(id: sequence.name.name)",
      ]
    }
  }

  /// The old table's own were switched off; those made or dropped since follow.
  private func triggers(_ now: TableInventory, _ before: TableInventory) -> [SQL] {
    let then = Dictionary(before.triggers.map { ($0.name, $0.definition) }, uniquingKeysWith: { first, _ in first })
    let today = Set(now.triggers.map(\.name))
    let gone = before.triggers.filter { !today.contains($0.name) }
    return gone.map { "DROP TRIGGER \(id: $0.name) ON \(id: names.source)" }
      + now.triggers.flatMap { trigger -> [SQL] in
        let state = trigger.enabled.sql(trigger.name, on: names.source)
        if then[trigger.name] == trigger.definition { return [state] }
        let removal: [SQL] = then[trigger.name] == nil ? [] : ["DROP TRIGGER \(id: trigger.name) ON \(id: names.source)"]
        return removal + [SQL(verbatim: trigger.definition), state]
      }
  }

  /// Foreign keys that partitions have and the partitioned table has not taken over yet.
  private func partialKeys(_ now: TableInventory, _ before: TableInventory, _ leaves: [QualifiedName]) -> [SQL] {
    let adopted = Set(outgoing(now).map(\.name))
    let partial = before.constraints.filter { $0.kind == .foreignKey && !adopted.contains($0.name) }
    return partial.flatMap { key in
      leaves.map { "ALTER TABLE \(id: $0) DROP CONSTRAINT IF EXISTS \(id: key.name)" as SQL }
    }
  }

  private func foreignKeys(_ exchange: Exchange, _ before: TableInventory) -> [SQL] {
    let outgoing = before.constraints.filter { $0.kind == .foreignKey }.flatMap { key -> [SQL] in
      ["ALTER TABLE \(id: names.source) ADD CONSTRAINT \(id: key.name) \(sql: key.definition) NOT VALID"]
        + ConstraintComment.set(key.comment, key.name, on: names.source)
    }
    let incoming = exchange.incoming.flatMap(\.make)
    return outgoing + incoming
  }

  private func validations(
    _ now: TableInventory, _ before: TableInventory, _ exchange: Exchange
  ) -> [Operation] {
    before.constraints.filter { $0.kind == .foreignKey && $0.isValidated }.map {
      Validation.operation($0.name, on: names.source, id: "validate-\($0.name)")
    } + before.incomingForeignKeys.filter(\.constraint.isValidated).map(Validation.operation)
  }
}

extension TableInventory.Enabled {
  func sql(_ trigger: String, on table: QualifiedName) -> SQL {
    let word =
      switch self {
      case .origin: "ENABLE"
      case .disabled: "DISABLE"
      case .replica: "ENABLE REPLICA"
      case .always: "ENABLE ALWAYS"
      }
    return "ALTER TABLE \(id: table) \(sql: word) TRIGGER \(id: trigger)"
  }
}
