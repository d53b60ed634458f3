import OnlineDDL
import PluginAPI

extension SwapSubject {
  var partitionKey: PartitionKey { PartitionKey(column: key.name, type: key.type) }

  /// The partitions that the rows there are need, and `premake` more.
  func leaves() async throws -> [PlannedLeaf] {
    let taken = try await facts.takenNames(in: name.schema, startingWith: String(name.name.prefix(20)))
    var leaves: [PlannedLeaf]
    switch wanted.method {
    case .range: leaves = try await ranges(avoiding: taken)
    case .list: leaves = named(wanted.values.map { .list($0.map(\.value.text)) }, avoiding: taken)
    case .hash:
      let modulus = wanted.modulus ?? 2
      leaves = named((0..<modulus).map { .hash(modulus: modulus, remainder: $0) }, avoiding: taken)
    }
    if wanted.defaultPartition == .create, wanted.method != .hash {
      leaves += named([.default], avoiding: taken.union(leaves.map(\.name.name)))
    }
    return leaves
  }

  func named(_ bounds: [LeafBound], avoiding taken: Set<String>) -> [PlannedLeaf] {
    let names = wanted.naming.names(table: name.name, starts: bounds.map(\.label), avoiding: taken)
    return zip(names, bounds).map { PlannedLeaf(name: QualifiedName(name.schema, $0), bound: $1) }
  }

  private func ranges(avoiding taken: Set<String>) async throws -> [PlannedLeaf] {
    let key = partitionKey
    if let problem = wanted.every.problem(for: key) {
      throw StepRefusal("partition.every", problem, choices: ["every: a width that fits the key"], at: wanted.$every)
    }
    let extent = try await keyExtent()
    if extent.hasLowerInfinity || extent.hasUpperInfinity, wanted.defaultPartition == .none {
      throw StepRefusal(
        "swap.infinity", "\(name) has rows whose \(key.column) is infinite: no range has them",
        choices: ["default_partition: create"], at: wanted.$by)
    }
    let start = key.kind.isCalendar ? KeyPoint.now : .value("0")
    var cut = RangeCut(
      key: key, width: wanted.every, timezone: wanted.timezone,
      first: try bound(wanted.from, at: wanted.$from) ?? extent.least.map { KeyPoint.value($0) } ?? start)
    cut.premake = wanted.premake
    if let to = try bound(wanted.to, at: wanted.$to) {
      cut.until = to
    } else {
      cut.covering = [extent.greatest.map { KeyPoint.value($0) }, key.kind.isCalendar ? .now : nil].compactMap { $0 }
    }
    return try await cut.leaves(of: name, naming: wanted.naming, avoiding: taken, at: wanted.$every, facts)
  }

  func bound(_ text: KeyText?, at mark: SourceRange) throws -> KeyPoint? {
    guard let text else { return nil }
    return try KeyPoint.written(text.text, for: partitionKey, at: mark)
  }

  /// Rows that no partition would take.
  func strayFindings(_ log: KeyLog, _ leaves: [PlannedLeaf]) async throws -> [Finding] {
    guard wanted.method == .range, wanted.defaultPartition == .none, wanted.from != nil || wanted.to != nil,
      case .range(let low, _)? = leaves.first?.bound, case .range(_, let high)? = leaves.last?.bound
    else { return [] }
    let row = try await facts.rows(
      log.strayRows(
        from: low.text.map(partitionKey.constant), upto: high.text.map(partitionKey.constant))
    ).first
    let below = try row?.int64("below") ?? 0, above = try row?.int64("above") ?? 0
    guard below + above > 0 else { return [] }
    return [.refusal(
      "swap.stray", "\(below) rows lie below the first partition and \(above) above the last (counted up to 10000)",
      choices: ["leave out `from` and `to`: the data says", "default_partition: create"], at: wanted.$by)]
  }
}
