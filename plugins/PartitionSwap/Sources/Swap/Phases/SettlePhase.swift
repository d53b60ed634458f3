import OnlineDDL
import PluginAPI

/// What may take as long as it takes once the names are right: vacuum and full statistics; foreign keys are validated
/// partition by partition, then the partitioned table takes them over.
struct SettlePhase {
  let step: Step<PartitionSwap.Parameters>
  let carry: SwapCarry
  let facts: any Facts

  private var source: QualifiedName { carry.names.source }

  func program() async throws -> Program {
    let outgoing = (carry.before?.constraints ?? []).filter { $0.kind == .foreignKey && $0.reference?.table != source }
    let once = Set((carry.before?.incomingForeignKeys ?? []).filter(\.constraint.isValidated).map { "\($0.table) \($0.constraint.name)" })
    let incoming = try await facts.inventory(of: source)?.incomingForeignKeys.filter {
      !$0.constraint.isValidated && once.contains("\($0.table) \($0.constraint.name)")
    } ?? []
    let mended = carry.references.map { $0.fill(id: "reference-mend", target: step.parameters.chunk) }
    // Nobody waits for these any more, and the application works on the table: half of what copied it.
    let upkeep = CopyUpkeep.full(source, carry.leafNames, workers: max(1, step.parameters.workers / 2), facts.capabilities)
    let operations = Refill.operations(carry.before) + [upkeep] + mended + outgoing.enumerated().flatMap { validate($0.element, $0.offset) }
      + incoming.map(Validation.operation)
    return Program(operations: operations, carry: try carry.json)
  }

  private func validate(_ key: TableInventory.Constraint, _ place: Int) -> [Operation] {
    let members = carry.leaves.enumerated().map { number, leaf in
      Validation.operation(key.name, on: leaf.name, id: "validate-\(place + 1)-\(number + 1)")
    }
    let referenced = key.reference.map { [RelationLock(.shareRowExclusive, $0.table)] } ?? []
    return [
      .parallel(
        id: "validate-\(place + 1)", title: "validate \(key.name) on each partition", width: step.parameters.workers, members),
      .transaction(
        id: "adopt-\(place + 1)", title: "give \(key.name) to \(source)",
        (["ALTER TABLE \(id: source) ADD CONSTRAINT \(id: key.name) \(sql: key.definition)"]
          + ConstraintComment.set(key.comment, key.name, on: source)).map { TransactionStatement($0) },
        locks: [RelationLock(.shareRowExclusive, source)] + referenced, undo: .nothing),
    ]
  }
}

/// `VALIDATE CONSTRAINT`: reads the table, stops nobody.
enum Validation {
  static func operation(_ name: String, on table: QualifiedName, id: String) -> Operation {
    .transaction(
      id: id, title: "validate \(name) on \(table)",
      [TransactionStatement("ALTER TABLE \(id: table) VALIDATE CONSTRAINT \(id: name)")],
      locks: [RelationLock(.shareUpdateExclusive, table)], settings: [Setting("statement_timeout", "0")], undo: .nothing)
  }

  static func operation(_ key: TableInventory.IncomingForeignKey) -> Operation {
    operation(key.constraint.name, on: key.table, id: "validate-\(key.table.name)-\(key.constraint.name)")
  }
}

/// Materialized views that were made anew hold no rows yet.
enum Refill {
  static func operations(_ table: TableInventory?) -> [Operation] {
    guard let table else { return [] }
    let statements = TableDDL(table).populate()
    return zip(table.views.filter { $0.isMaterialized && $0.relation.isPopulated }, statements).map { view, statement in
      .transaction(
        id: "fill-\(view.relation.name)", title: "fill \(view.relation.name)", [TransactionStatement(statement)],
        // What its owner may see is in it, as after any other REFRESH.
        settings: [Setting("statement_timeout", "0"), Setting("row_security", "on")], undo: .nothing)
    }
  }
}
