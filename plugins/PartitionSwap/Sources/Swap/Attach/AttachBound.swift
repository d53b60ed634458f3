import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// The table's own bound and the partitions to come. It ends one whole unit behind what is needed now: until the
  /// cutover a row behind it is refused.
  func attachedLeaves() async throws -> (history: LeafBound, leaves: [PlannedLeaf]) {
    let key = partitionKey
    if let problem = wanted.every.problem(for: key) {
      throw StepRefusal("partition.every", problem, choices: ["every: a width that fits the key"], at: wanted.$every)
    }
    let extent = try await keyExtent()
    if extent.hasUpperInfinity {
      throw StepRefusal(
        "swap.infinity", "\(name) has rows whose \(key.column) is infinity: they lie behind every bound",
        choices: ["strategy: copy, with default_partition: create"], at: wanted.$by)
    }
    let to = try bound(wanted.to, at: wanted.$to)
    let greatest = extent.greatest.map { KeyPoint.value($0) }, now = key.kind.isCalendar ? KeyPoint.now : nil
    var cut = RangeCut(
      key: key, width: wanted.every, timezone: wanted.timezone, first: greatest ?? now ?? .value("0"))
    cut.covering = [greatest, to == nil ? now : nil].compactMap { $0 }
    cut.until = to
    cut.premake = wanted.premake + (to == nil ? 1 : 0)
    let ranges = try await cut.ranges(at: wanted.$every, facts)
    guard ranges.count > wanted.premake else {
      throw StepRefusal(
        "swap.attach", "the type of \(key.column) has no room for \(wanted.premake) partitions behind the rows there are",
        choices: ["premake: fewer"], at: wanted.$premake)
    }
    let end = ranges[ranges.count - 1 - wanted.premake].to
    return (.range(from: .minimum, to: end), try await future(Array(ranges.suffix(wanted.premake))))
  }

  private func future(_ ranges: [RangeCut.Range]) async throws -> [PlannedLeaf] {
    let taken = try await facts.takenNames(in: name.schema, startingWith: String(name.name.prefix(20)))
    let names = wanted.naming.names(table: name.name, starts: ranges.map(\.label), avoiding: taken)
    let leaves = zip(names, ranges).map { PlannedLeaf(name: QualifiedName(name.schema, $0), bound: $1.bound) }
    guard wanted.defaultPartition == .create else { return leaves }
    return leaves + named([.default], avoiding: taken.union(names))
  }
}

extension SwapSubject {
  /// The table as it is once every row has a key.
  var keyed: TableInventory {
    guard case .fill = wanted.nullKeys else { return table }
    var table = table
    for place in table.columns.indices where table.columns[place].name == key.name {
      table.columns[place].isNotNull = true
    }
    return table
  }

  /// Why the table cannot become a partition as it is; each can be had by copying.
  var attachObstacles: [String] {
    var obstacles: [String] = []
    if wanted.method != .range { obstacles.append("`method: \(wanted.method.rawValue)` has no partition for all rows there are") }
    for name in guarded.map(\.name.name) {
      obstacles.append("a guard for \(name) is filled while nobody but the copy writes")
    }
    for constraint in table.constraints where constraint.kind == .check && constraint.isNoInherit {
      obstacles.append("\(constraint.name) is NO INHERIT, which a partition cannot have")
    }
    for constraint in table.constraints
    where constraint.kind == .foreignKey && !constraint.isValidated && constraint.reference?.tableOid != table.relation.oid {
      obstacles.append("\(constraint.name) is not validated: it would be, under the lock")
    }
    if let index = table.relation.replicaIdentityIndex, replacedNames.contains(where: { $0.name == index }) {
      obstacles.append("\(index) is the replica identity and has to be replaced")
    }
    return obstacles
  }

  func attachFindings(_ bound: LeafBound, _ leaves: [PlannedLeaf]) -> [Finding] {
    guard case .range(_, let end) = bound else { return [] }
    let outgoing = table.constraints.filter { $0.kind == .foreignKey }.compactMap(\.reference?.table)
    let locked = ([name] + table.views.map(\.relation.name) + outgoing + table.incomingForeignKeys.map(\.table)).unique
    var findings: [Finding] = [
      .note(
        "swap.cutover",
        "the cutover takes ACCESS EXCLUSIVE on \(locked.map(\.description).joined(separator: ", ")), all within max_stall or"
          + " it steps back and tries again; no row is read or moved under it")
    ]
    if let end = end.text {
      findings.append(.warning(
        "swap.attach_bound",
        "\(name) becomes the partition of every \(key.name) before \(end); once its indexes are built, until the cutover,"
          + " a row from there on is refused (23514); one that comes before ends the step",
        choices: ["to: a later bound, if the application writes that far ahead"], at: wanted.$to))
    }
    if wanted.from != nil {
      findings.append(.warning(
        "swap.attach_from", "`from` is not used: whatever is there already is in one partition", at: wanted.$from))
    }
    return findings
  }
}

extension AttachCarry {
  /// A CHECK that every row is within the bound, validated while everybody goes on.
  var proof: [Operation] {
    var validation = Validation.operation(AttachCarry.boundCheck, on: names.source, id: "bound-validate")
    validation.title = "check that no row of \(names.source) lies behind its bound"
    return [check, validation]
  }

  /// Without IS NOT NULL in it, ATTACH PARTITION would read the whole table under ACCESS EXCLUSIVE.
  private var check: Operation {
    let condition: SQL = history.condition(key) ?? "true"
    return .transaction(
      id: "bound", title: "let no row of \(names.source) come that the partition would not take",
      [
        TransactionStatement(
          """
          ALTER TABLE \(id: names.source) ADD CONSTRAINT \(id: AttachCarry.boundCheck) CHECK (\(sql: condition)) NOT VALID
          """)
      ],
      locks: [RelationLock(.accessExclusive, names.source)],
      undo: .operations([ShortLock.dropConstraint(AttachCarry.boundCheck, of: names.source)]))
  }
}
