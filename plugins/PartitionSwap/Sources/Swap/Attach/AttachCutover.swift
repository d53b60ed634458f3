import OnlineDDL
import PluginAPI

/// The table becomes the first partition of the one that takes its name. Nothing is read, built or moved under the lock.
struct AttachCutover {
  let step: Step<PartitionSwap.Parameters>
  let carry: AttachCarry
  let facts: any Facts

  private var names: SwapNames { carry.names }
  private var source: QualifiedName { names.source }

  func program() async throws -> Program {
    guard let found = try await facts.inventory(of: source), let parent = try await facts.inventory(of: names.copy) else {
      throw StepRefusal("swap.changed", "\(source) or \(names.copy) is gone", choices: ["roll the step back"])
    }
    let table = found.withoutCapture.without(check: AttachCarry.boundCheck)
    try expectUnchanged(table, parent)
    var handed = carry
    handed.before = table
    let dress = CopyDress(table: table, copy: parent, leaves: carry.leafNames)
    let guarded = try await NameChange.guarded(found, facts)
    let settings = try await DeadlockPatience.settings(facts)
    let swap = swap(table, parent, dress, guarded, settings)
    return Program(
      operations: [dress.operation] + remarks(table) + foreignKeys(table, parent) + [swap], carry: try handed.json)
  }

  /// The empty table was made for what there was; what came since would be on the first partition alone.
  private func expectUnchanged(_ table: TableInventory, _ parent: TableInventory) throws {
    let columns = table.columns.map { "\($0.name) \($0.type)" }, made = parent.columns.map { "\($0.name) \($0.type)" }
    let built = carry.replaced.compactMap { $0.wide?.name.name }
    let known = Set(carry.indexNames + built)
    let indexes = Set(table.indexes.filter(\.isValid).map(\.name.name)).symmetricDifference(known).sorted()
    guard columns != made || !indexes.isEmpty else { return }
    let what = columns != made
      ? "columns of \(source) were added, changed or dropped" : "indexes of \(source) were made or dropped: \(indexes.joined(separator: ", "))"
    throw StepRefusal(
      "swap.changed", "\(what) since the step began", choices: ["roll the step back and apply again", "undo that change"])
  }

  /// On empty partitions: nothing is checked. The table's own are adopted.
  private func foreignKeys(_ table: TableInventory, _ parent: TableInventory) -> [Operation] {
    let there = Set(parent.constraints.map(\.name))
    let keys = table.constraints.filter {
      $0.kind == .foreignKey && $0.reference?.table != source && !there.contains($0.name)
    }
    guard !keys.isEmpty else { return [] }
    return [
      .transaction(
        id: "foreign-keys", title: "give \(names.copy) the foreign keys of \(source)",
        keys.map {
          TransactionStatement("ALTER TABLE \(id: names.copy) ADD CONSTRAINT \(id: $0.name) \(sql: $0.definition)")
        },
        locks: ([names.copy] + keys.compactMap(\.reference?.table)).unique.map { RelationLock(.shareRowExclusive, $0) },
        undo: .nothing)
    ]
  }

  /// Comments on indexes and on their constraints, as they are now.
  private func remarks(_ table: TableInventory) -> [Operation] {
    let made = carry.indexes.filter { $0.kind != .leafConstraint }
    let statements = made.flatMap { index -> [SQL] in
      let name = SwapNames.new(index.name)
      let own = table.index(index.name)?.comment.map {
        "COMMENT ON INDEX \(id: QualifiedName(source.schema, name)) IS \(literal: $0)" as SQL
      }
      let constraint = table.constraint(index.name)?.comment.map {
        "COMMENT ON CONSTRAINT \(id: name) ON \(id: names.copy) IS \(literal: $0)" as SQL
      }
      return [own, index.kind == .constraint ? constraint : nil].compactMap { $0 }
    }
    guard !statements.isEmpty else { return [] }
    return [
      .transaction(
        id: "comments", title: "give the indexes of \(names.copy) their comments",
        statements.map { TransactionStatement($0) }, undo: .nothing)
    ]
  }

  // MARK: The transaction

  private func swap(
    _ table: TableInventory, _ parent: TableInventory, _ dress: CopyDress, _ guarded: TransactionStatement,
    _ settings: [Setting]
  ) -> Operation {
    let change = NameChange(
      leaving: table, retired: names.history, coming: names.copy, renames: renames(table),
      incoming: table.incomingForeignKeys.map { incoming($0) }, leaves: carry.leafNames,
      sequences: table.sequences.map(\.name))
    let ddl = TableDDL(table, isPartitioned: true)
    let statements: [SQL] = change.dropping + release(table) + change.namesChange + keys()
      + NameChange.identities(table, isPartitioned: true, former: SwapNames.old) + ownIdentities(table)
      + ddl.sequenceOwnership() + attach + dress.wakingTriggers + ddl.rules() + change.incomingKeys
      + (step.parameters.publications == .transfer ? RootPublication.on(table) + ddl.publications() : [])
      + ddl.rebindDependents() + access(table)
    let work = [TransactionStatement(change.lock), guarded] + statements.map { TransactionStatement($0) }
    return Operation(
      id: "swap", title: "\(source) becomes the first partition of \(names.copy), which takes its name",
      locks: change.locks, work: .transaction(TransactionWork(work, settings: settings)),
      undo: .recompile(phase: PartitionSwap.Phase.revert.rawValue))
  }

  /// What the partitioned table has for it from now on; a reference to itself is one of those that were decided on.
  private func release(_ table: TableInventory) -> [SQL] {
    let references = table.constraints.filter { $0.kind == .foreignKey && $0.reference?.tableOid == table.relation.oid }
    return table.triggers.map { "DROP TRIGGER \(id: $0.name) ON \(id: source)" }
      + carry.references.map { "ALTER TABLE \(id: source) DISABLE TRIGGER \(id: $0.followTrigger)" }
      + table.rules.map { "DROP RULE \(id: $0.name) ON \(id: source)" }
      + references.map { "ALTER TABLE \(id: source) DROP CONSTRAINT \(id: $0.name)" }
      + carry.replaced.map { $0.drop(from: source) }
  }

  private func keys() -> [SQL] { carry.replaced.flatMap { $0.makeWide(on: names.history) } }

  private func ownIdentities(_ table: TableInventory) -> [SQL] {
    table.sequences.filter(\.isIdentity).map {
      "ALTER TABLE \(id: names.history) ALTER COLUMN \(id: $0.column) DROP IDENTITY"
    }
  }

  private var attach: [SQL] {
    [
      "ALTER TABLE \(id: source) ATTACH PARTITION \(id: names.history) \(sql: carry.history.forValues)",
      "ALTER TABLE \(id: names.history) DROP CONSTRAINT \(id: AttachCarry.boundCheck)",
    ]
  }

  /// A partition that can be read by itself would go round the rights and policies of the table.
  private func access(_ table: TableInventory) -> [SQL] {
    let grants = table.relation.grants + table.columns.flatMap(\.grants)
    let grantees = Set(grants.map(\.grantee)).subtracting([table.relation.owner])
    return grantees.sorted { ($0 ?? "") < ($1 ?? "") }.map { grantee in
      let name: SQL = grantee.map { "\(id: $0)" } ?? "PUBLIC"
      return "REVOKE ALL ON TABLE \(id: names.history) FROM \(sql: name) CASCADE"
    }
  }

  private func renames(_ table: TableInventory) -> [Exchange.Rename] {
    let replaced = Set(carry.replaced.flatMap { [$0.name, $0.wide?.name.name ?? ""] })
    func history(_ kind: Exchange.Rename.Kind, _ name: QualifiedName) -> Exchange.Rename {
      Exchange.Rename(kind: kind, from: name, to: SwapNames.history(name.name), vacates: true)
    }
    func taking(_ kind: Exchange.Rename.Kind, _ name: QualifiedName) -> Exchange.Rename {
      let made = QualifiedName(name.schema, SwapNames.new(name.name))
      return Exchange.Rename(kind: kind, from: made, to: name.name, vacates: false)
    }
    let sequences = table.sequences.filter(\.isIdentity).map {
      Exchange.Rename(kind: .sequence, from: $0.name, to: SwapNames.old($0.name.name), vacates: true)
    }
    return table.indexes.filter { !replaced.contains($0.name.name) }.map { history(.index, $0.name) }
      + table.statistics.map { history(.statistics, $0.name) } + sequences
      + carry.indexes.filter { $0.kind != .leafConstraint }.map { taking(.index, QualifiedName(source.schema, $0.name)) }
      + table.statistics.map { taking(.statistics, $0.name) }
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
}

extension TableInventory {
  /// Without a CHECK of ours.
  func without(check name: String) -> TableInventory {
    var table = self
    table.constraints.removeAll { $0.kind == .check && $0.name == name }
    return table
  }
}
