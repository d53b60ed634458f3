import OnlineDDL
import PluginAPI

/// The partitioned copy becomes the table. Everything that can be done beforehand is; under the lock the last changes
/// are brought over and names change hands.
struct CutoverPhase {
  let step: Step<PartitionSwap.Parameters>
  let carry: SwapCarry
  let facts: any Facts

  private var wanted: PartitionSwap.Parameters { step.parameters }
  private var names: SwapNames { carry.names }

  func program() async throws -> Program {
    guard let table = try await facts.inventory(of: names.source), let copy = try await facts.inventory(of: names.copy)
    else {
      throw StepRefusal("swap.changed", "\(names.source) or its copy is gone", choices: ["roll the step back"])
    }
    let old = table.withoutCapture
    let changes = SourceChanges(made: carry.made, now: old, wanted: wanted).findings
    guard changes.isEmpty else { return Program(findings: changes, carry: try carry.json) }
    var handed = carry
    handed.before = old
    let exchange = try await exchange(old, copy)
    let isCaptured = copy.triggers.contains { $0.name.hasPrefix(KeyLog.triggerPrefix + "capture") }
    let dress = CopyDress(
      table: old, copy: copy, leaves: carry.leafNames, identityIndex: identityIndex,
      capture: (isCaptured ? carry.reverse.dropCapture(from: names.copy, leaves: carry.leafNames) : [])
        + carry.reverse.capture(on: names.copy, leaves: carry.leafNames))
    let operations = [
      dress.operation,
      .chunked(
        id: "drain", title: "bring over what changed meanwhile",
        carry.forward.drainWork(below: wanted.cutover.backlog / 2 + 1, limited: false, target: wanted.drain), undo: .nothing),
      wait,
      try swap(exchange, old, dress),
    ].compactMap { $0 }
    return Program(operations: operations, carry: try handed.json)
  }

  private var identityIndex: QualifiedName? {
    carry.indexes.firstIndex(where: \.isReplicaIdentity).map { QualifiedName(names.copy.schema, carry.temporaryName($0)) }
  }

  private var wait: Operation? {
    guard wanted.cutover.oldSnapshots == .wait else { return nil }
    return .wait(
      id: "readers", title: "wait for transactions that are older than the copied rows", until: carry.forward.oldReaders,
      deadline: wanted.cutover.deadline, every: .milliseconds(200))
  }

  private func exchange(_ table: TableInventory, _ copy: TableInventory) async throws -> Exchange {
    Exchange(
      leaving: Exchange.Side(table: table, leaves: []), retired: names.old,
      coming: Exchange.Side(table: copy, leaves: carry.leafNames), renames: renames(table),
      outgoing: table.constraints.filter { $0.kind == .foreignKey },
      incoming: table.incomingForeignKeys.map { incoming($0) }, log: carry.forward,
      settings: carry.forward.replaySettings(indexed: true) + (try await DeadlockPatience.settings(facts)),
      guards: try await guards(table), oldSnapshots: wanted.cutover.oldSnapshots)
  }

  /// A table that is not what was compiled for is looked at again; changes that nobody noted end the swap.
  private func guards(_ table: TableInventory) async throws -> [TransactionStatement] {
    let fingerprint = TableFingerprint(table.relation.oid)
    let now = try await fingerprint.read(facts)
    return [
      TransactionStatement(carry.forward.intact(carry.captureFingerprint ?? "")),
      TransactionStatement(
        fingerprint.holds(now), expect: .isTrue, onMismatch: .retryPhase,
        message: "\(names.source) was changed while the cutover was prepared"),
    ]
  }

  private func renames(_ table: TableInventory) -> [Exchange.Rename] {
    func old(_ kind: Exchange.Rename.Kind, _ name: QualifiedName) -> Exchange.Rename {
      Exchange.Rename(kind: kind, from: name, to: SwapNames.old(name.name), vacates: true)
    }
    let schema = names.source.schema
    let leaving = table.indexes.map { old(.index, $0.name) } + table.statistics.map { old(.statistics, $0.name) }
      + table.sequences.filter(\.isIdentity).map { old(.sequence, $0.name) }
    let indexes = carry.indexes.enumerated().filter { $0.element.kind != .leafConstraint }.map { place, index in
      Exchange.Rename(
        kind: .index, from: QualifiedName(schema, carry.temporaryName(place)), to: index.name, vacates: false)
    }
    let statistics = table.statistics.map {
      Exchange.Rename(
        kind: .statistics, from: QualifiedName($0.name.schema, SwapNames.new($0.name.name)), to: $0.name.name,
        vacates: false)
    }
    let guards = carry.guards.map {
      Exchange.Rename(
        kind: .index, from: QualifiedName(schema, $0.temporaryName), to: $0.name, vacates: false)
    }
    return leaving + indexes + statistics + guards
  }

  private func incoming(_ key: TableInventory.IncomingForeignKey) -> Exchange.IncomingKey {
    let before = Exchange.IncomingKey.Named(
      name: key.constraint.name, definition: key.constraint.definition, comment: key.constraint.comment)
    if let reference = carry.references.first(where: { $0.table == key.table && $0.name == key.constraint.name }) {
      let after = Exchange.IncomingKey.Named(
        name: reference.name, definition: reference.composite, comment: key.constraint.comment)
      return Exchange.IncomingKey(table: key.table, before: before, after: after)
    }
    let isWide = key.constraint.reference?.columns.contains(carry.key.column) ?? false
    return Exchange.IncomingKey(table: key.table, before: before, after: isWide ? before : nil)
  }

  // MARK: The transaction

  private func swap(_ exchange: Exchange, _ table: TableInventory, _ dress: CopyDress) throws -> Operation {
    let ddl = TableDDL(table, isPartitioned: true)
    let statements = exchange.opening(rows: wanted.cutover.backlog)
      + (ddl.sequenceOwnership() + identities(table) + dress.wakingTriggers + ddl.uncheckedConstraints() + ddl.rules() + foreignKeys(exchange)
        + (wanted.publications == .transfer ? RootPublication.on(table) + ddl.publications() : [])
        + ddl.rebindDependents() + closing + [try FollowRegister.enter(carry, wanted)])
      .map { TransactionStatement($0) }
    return Operation(
      id: "swap", title: "\(names.copy) becomes \(names.source)", locks: exchange.locks,
      work: .transaction(TransactionWork(statements, settings: exchange.settings)),
      undo: .recompile(phase: PartitionSwap.Phase.revert.rawValue))
  }

  /// The old table keeps its own triggers to itself, and nobody writes it any more.
  /// Who waited for the lock with an older snapshot does not see what the last replay wrote, and must not change nothing.
  private var closing: [SQL] {
    ["ALTER TABLE \(id: names.old) DISABLE TRIGGER USER"] + carry.reverse.tripwire(on: [names.old])
      + carry.oldWriters(carry.forward).stop
  }

  /// The old table keeps its column and its sequence, under another name: the way back counts on from where this stops.
  private func identities(_ table: TableInventory) -> [SQL] {
    TableDDL(table, isPartitioned: true).identities()
      + table.sequences.filter(\.isIdentity).map { sequence in
        let former = QualifiedName(sequence.name.schema, SwapNames.old(sequence.name.name))
        return """
          SELECT setval(\(literal: sequence.name.quoted)::regclass, s.last_value, s.is_called) FROM \(id: former) AS s
          """
      }
  }

  /// On each partition, not validated: that is done afterwards, and then the partitioned table takes them over.
  private func foreignKeys(_ exchange: Exchange) -> [SQL] {
    let keys = exchange.outgoing.filter { $0.reference?.table != names.source }.map {
      "ADD CONSTRAINT \(id: $0.name) \(sql: $0.definition) NOT VALID" as SQL
    }
    let outgoing = keys.isEmpty ? [] : carry.leafNames.map {
      "ALTER TABLE \(id: $0) \(sql: keys.joined(separator: ", "))" as SQL
    }
    let incoming = exchange.incoming.flatMap(\.make)
    return outgoing + incoming
  }
}

extension TableInventory {
  /// Without our own triggers.
  var withoutCapture: TableInventory {
    var table = self
    table.triggers.removeAll { $0.name.hasPrefix(KeyLog.triggerPrefix) }
    return table
  }
}

extension SwapNames {
  static func old(_ name: String) -> String { Quoting.fitted(name, suffix: "_old") }
  static func new(_ name: String) -> String { Quoting.fitted(name, suffix: "_new") }
}
