/// Every rule; adding one is a file under Rules/ and a line here.
package enum RuleRegistry {
  package static let all: [any Rule.Type] = [
    SyntaxError.self,
    UndeclaredLock.self,
    RefusesTransaction.self,
    IndexWithoutConcurrently.self,
    IndexIfNotExists.self,
    IndexExpressionNotImmutable.self,
    BrinOnScatteredColumn.self,
    DropIndexWithoutConcurrently.self,
    ReindexWithoutConcurrently.self,
    ForeignKeyValidates.self,
    ForeignKeyTypes.self,
    CheckValidates.self,
    ConstraintBuildsIndex.self,
    SetNotNullScans.self,
    NotNullWithoutDefault.self,
    TypeChangeRewrites.self,
    VolatileDefault.self,
    StorageRewrites.self,
    RenameBreaksCallers.self,
    DetachWithoutConcurrently.self,
    AttachScans.self,
    PartitionOfLocksParent.self,
    KeyLacksPartitionColumn.self,
    LikeCopiesKeys.self,
    NoLockTimeout.self,
    LockOrder.self,
    VacuumFull.self,
    ClusterRewrites.self,
    ExplicitLock.self,
    TruncateTable.self,
    TruncateCascade.self,
    UnboundedWrite.self,
    BigWrite.self,
    InsertSelectWholeTable.self,
    RefreshBlocksReads.self,
    CreateTriggerLocks.self,
    DisableTrigger.self,
    SecurityDefinerSearchPath.self,
    RefreshInTrigger.self,
    FanOutAggregate.self,
    NowMinusLiteral.self,
    FormatIdentifierGlued.self,
    IdentifierTooLong.self,
    DropLosesData.self,
    DropCascade.self,
    DropWithDependents.self,
    SessionBehindPooler.self,
    CodeNotRead.self,
  ]

  /// Said once per text: the advice is the same for each statement.
  static let onceOnly: Set<String> = [NoLockTimeout.code]

  private static let forAll = all.filter { $0.nodes.isEmpty }
  private static let byNode: [String: [any Rule.Type]] = all.reduce(into: [:]) { table, rule in
    for node in rule.nodes { table[node, default: []].append(rule) }
  }

  /// The rules that look at statements of that kind.
  static func rules(for node: String) -> [any Rule.Type] { forAll + (byNode[node] ?? []) }
}
