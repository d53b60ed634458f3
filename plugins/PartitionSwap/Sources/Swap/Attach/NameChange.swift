import OnlineDDL
import PluginAPI

/// What a cutover by attaching and its way back have in common: what is locked first, and what changes hands.
struct NameChange {
  /// Has the name until now, as it is at this moment.
  let leaving: TableInventory
  let retired: QualifiedName
  /// Takes the name.
  let coming: QualifiedName
  let renames: [Exchange.Rename]
  let incoming: [Exchange.IncomingKey]
  /// Partitions of either side.
  let leaves: [QualifiedName]
  /// Both have gone under other names before, or will.
  let sequences: [QualifiedName]

  var name: QualifiedName { leaving.name }

  private var outgoing: [QualifiedName] {
    leaving.constraints.filter { $0.kind == .foreignKey }.compactMap(\.reference?.table).filter { $0 != name }
  }

  /// Views first: whoever reads through one locks it before its tables. The table before what its foreign keys refer to:
  /// an INSERT locks them in this order, and we would deadlock with every one in flight.
  private var locked: [QualifiedName] {
    let views = leaving.views.filter { !$0.isMaterialized }.map(\.relation.name)
    return (views + [name] + outgoing.unique.sorted() + incoming.map(\.table).unique.sorted() + [coming]).unique
  }

  var locks: [RelationLock] {
    let materialized = leaving.views.filter(\.isMaterialized).map(\.relation.name)
    let renamed = renames.filter { $0.kind == .sequence }.flatMap { [$0.from, QualifiedName($0.from.schema, $0.to)] }
    let all = locked + materialized + leaves + sequences + renamed + [retired]
    return all.unique.map { RelationLock(.accessExclusive, $0) }
  }

  var lock: SQL {
    let names: [SQL] = locked.map { "\(id: $0)" }
    return "LOCK TABLE \(sql: names.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE"
  }

  /// What holds on to the table and cannot simply be bound anew.
  var dropping: [SQL] {
    let keys = incoming.compactMap { key in
      key.before.map { "ALTER TABLE \(id: key.table) DROP CONSTRAINT \(id: $0.name)" as SQL }
    }
    return TableDDL(leaving).dropUnreplaceable() + keys + TableDDL(leaving).leavePublications()
  }

  var namesChange: [SQL] {
    renames.filter(\.vacates).map(\.sql)
      + [
        "ALTER TABLE \(id: name) RENAME TO \(id: retired.name)",
        "ALTER TABLE \(id: coming) RENAME TO \(id: name.name)",
      ] + renames.filter { !$0.vacates }.map(\.sql)
  }

  var incomingKeys: [SQL] {
    incoming.flatMap(\.make)
  }

  /// The column's own sequence is made anew on the table that has the name, and counts on from where the other stands.
  static func identities(_ table: TableInventory, isPartitioned: Bool, former: (String) -> String) -> [SQL] {
    TableDDL(table, isPartitioned: isPartitioned).identities()
      + table.sequences.filter(\.isIdentity).map { sequence in
        let old = QualifiedName(sequence.name.schema, former(sequence.name.name))
        return """
          SELECT setval(\(literal: sequence.name.quoted)::regclass, s.last_value, s.is_called) FROM \(id: old) AS s
          """
      }
  }

  /// The table is what was compiled for.
  static func guarded(_ table: TableInventory, _ facts: any Facts) async throws -> TransactionStatement {
    let fingerprint = TableFingerprint(table.relation.oid)
    return TransactionStatement(
      fingerprint.holds(try await fingerprint.read(facts)), expect: .isTrue, onMismatch: .retryPhase,
      message: "\(table.name) was changed while the cutover was prepared")
  }
}
