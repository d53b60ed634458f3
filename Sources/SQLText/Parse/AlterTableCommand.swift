package import JSONText

/// One subcommand of ALTER TABLE.
package struct AlterTableCommand: Sendable {
  /// `AT_AddColumn` and so on.
  package let subtype: String
  package let name: String?
  /// The members of the node under `def`: a column, a constraint, a partition, …
  package let definition: JSON
  package let definitionKind: String
  package let cascades: Bool

  init?(_ node: JSON) {
    guard let body = node["AlterTableCmd"], let subtype = body.word("subtype") else { return nil }
    self.subtype = subtype
    name = body.word("name")
    (definitionKind, definition) = body["def"]?.syntaxNode ?? ("", .null)
    cascades = body.word("behavior") == "DROP_CASCADE"
  }

  /// Constraints that the command adds: its own, or those of its column.
  package var constraints: [JSON] {
    switch definitionKind {
    case "Constraint": [definition]
    case "ColumnDef": definition.list("constraints").compactMap { $0["Constraint"] }
    default: []
    }
  }

  package var partition: QualifiedName? { definition["name"]?.relation }

  /// The lock on the altered table, as AlterTableGetLockLevel of PostgreSQL 15 chooses it.
  var mode: LockMode {
    switch subtype {
    case "AT_SetStatistics", "AT_ClusterOn", "AT_DropCluster", "AT_SetOptions", "AT_ResetOptions",
      "AT_ValidateConstraint", "AT_AttachPartition", "AT_DetachPartitionFinalize":
      .shareUpdateExclusive
    case "AT_DetachPartition": definition.flag("concurrent") ? .shareUpdateExclusive : .accessExclusive
    case "AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_EnableTrigAll", "AT_EnableTrigUser",
      "AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser":
      .shareRowExclusive
    case "AT_AddConstraint": definition.word("contype") == "CONSTR_FOREIGN" ? .shareRowExclusive : .accessExclusive
    case "AT_SetRelOptions", "AT_ResetRelOptions": optionMode
    default: .accessExclusive
    }
  }

  private var optionMode: LockMode {
    let mild: Set = [
      "fillfactor", "toast_tuple_target", "parallel_workers", "vacuum_index_cleanup", "vacuum_truncate",
      "log_autovacuum_min_duration", "deduplicate_items",
    ]
    let names = definition.list("items").compactMap { $0["DefElem"]?.word("defname") }
    return names.allSatisfy { mild.contains($0) || $0.hasPrefix("autovacuum_") } && !names.isEmpty
      ? .shareUpdateExclusive : .accessExclusive
  }

  /// Locks on other relations.
  var otherLocks: [RelationLock] {
    var locks = constraints.compactMap { $0["pktable"]?.relation }.map { RelationLock(.shareRowExclusive, $0) }
    guard let partition else {
      if subtype == "AT_AddInherit", let parent = definition.relation {
        locks.append(RelationLock(.shareUpdateExclusive, parent))
      }
      return locks
    }
    locks.append(RelationLock(.accessExclusive, partition))
    return locks
  }
}

extension ParsedStatement {
  /// The subcommands of an ALTER TABLE (also of ALTER INDEX, VIEW and SEQUENCE where the grammar treats them alike).
  package var commands: [AlterTableCommand] {
    node == "AlterTableStmt" ? tree.list("cmds").compactMap(AlterTableCommand.init) : []
  }

  /// True for ALTER TABLE and ALTER FOREIGN TABLE, not for ALTER INDEX, VIEW, SEQUENCE or TYPE.
  package var altersTable: Bool {
    node == "AlterTableStmt" && ["OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"].contains(tree.word("objtype"))
  }
}
