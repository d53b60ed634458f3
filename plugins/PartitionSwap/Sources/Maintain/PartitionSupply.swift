import PluginAPI

/// The partitions that are to come, and those for rows that have gone to the default partition.
struct PartitionSupply {
  let wanted: PartitionMaintain.Parameters
  let table: PartitionedTable
  let key: PartitionKey
  let width: PartitionWidth
  let facts: any Facts

  func program() async throws -> Program {
    if table.ranges.last?.kind == .partitionedTable {
      throw StepRefusal(
        "partition.subpartitioned",
        "partitions of \(table.name) are partitioned themselves: what is below a new one is not known",
        choices: ["partition.maintain on each of them"], at: wanted.$table)
    }
    guard table.ranges.last?.to != .maximum else {
      return Program(findings: [
        .warning(
          "partition.open_end",
          "\(table.ranges.last?.name.description ?? "") reaches to MAXVALUE: it takes everything to come,"
            + " and no partition can be made after it", choices: ["detach it and attach it with an upper bound"],
          at: wanted.$table)
      ])
    }
    let planned = try await cut().ranges(at: wanted.$table, facts)
    let content = try await DefaultContent.read(table, key, cut(), planned, facts)
    let template = try await LeafTemplate.read(for: table, facts)
    return try await program(planned, content, template)
  }

  private func cut() async throws -> RangeCut {
    var cut = RangeCut(key: key, width: width, timezone: wanted.timezone, first: .now)
    if key.kind.isCalendar {
      cut.covering = [.now]
    } else {
      let greatest = try await KeyExtent.read(table.name, key, facts).greatest
      cut.first = .value(greatest ?? "0")
      cut.covering = greatest.map { [.value($0)] } ?? []
    }
    if let edge = table.ranges.last(where: { !$0.isPendingDetach })?.to?.text {
      cut.first = .value(edge)
      cut.alignsFirst = false
    }
    cut.premake = wanted.premake
    cut.lookBack = table.ranges.isEmpty ? 0 : wanted.premake + 1
    return cut
  }

  private func program(
    _ planned: [RangeCut.Range], _ content: DefaultContent?, _ template: LeafTemplate
  ) async throws -> Program {
    var findings = template.publications.map { publication in
      Finding.warning(
        "partition.publication",
        "publication \(publication) names \(template.model) and not \(table.name): new partitions are"
          + " not in it", choices: ["ALTER PUBLICATION … ADD TABLE \(table.name.quoted)"], at: wanted.$table)
    }
    let (drained, refused) = try await drainable(content)
    findings += refused
    let ranges = planned.filter { range in !(content?.units.contains { $0.range == range } ?? false) }
    let all = ranges + drained.map(\.range)
    let taken = try await facts.takenNames(in: table.name.schema, startingWith: "")
    let names = wanted.naming.names(table: table.name.name, starts: all.map(\.label), avoiding: taken)
    for (range, name) in zip(all, names) where name != wanted.naming.name(table: table.name.name, start: range.label) {
      findings.append(.note(
        "partition.name_taken",
        "a relation has the name for the partition from \(range.from.text ?? "MINVALUE") already:"
          + " it becomes \(name)", at: wanted.$naming))
    }
    let leaves = zip(names, all).map { PlannedLeaf(name: QualifiedName(table.name.schema, $0), bound: $1.bound) }
    let creation = LeafCreation(template, defaultPartition: table.defaultPartition?.name)
    var operations = leaves.prefix(ranges.count).map { creation.operation($0) }
    if let rest = table.defaultPartition, !drained.isEmpty {
      let drain = try await DefaultDrain.read(table, rest, key, creation, facts)
      operations += leaves.dropFirst(ranges.count).map { drain.operation($0) }
    }
    if !operations.isEmpty { operations.append(ahead) }
    return Program(findings: findings, operations: operations)
  }

  /// Units whose rows can be moved, and what is to be said about the others.
  private func drainable(_ content: DefaultContent?) async throws -> ([DefaultContent.Unit], [Finding]) {
    guard let content, !content.units.isEmpty else { return ([], content?.findings(at: wanted.$drainDefault) ?? []) }
    guard wanted.drainDefault else {
      return ([], [content.left("drain_default is off", choices: ["drain_default: true"], at: wanted.$drainDefault)])
    }
    let references = try await DetachObstacles(table: table, facts: facts).references()
    if let reference = references.first {
      let why = "rows of \(reference.from) may point to them by foreign key \(reference.constraint),"
        + " which would see them deleted"
      return ([], [content.left(why, choices: ["drop the foreign key meanwhile"], at: wanted.$drainDefault)])
    }
    let small = content.units.filter { $0.rows <= DefaultContent.mostRows && content.isSmall }
    var findings = content.findings(at: wanted.$drainDefault)
    if small.count < content.units.count {
      findings.append(content.left(
        "\(content.units.count - small.count) ranges hold more than \(DefaultContent.mostRows) rows, or the whole of it"
          + " more than can be looked through within max_stall",
        choices: ["move the rows of each range in a maintenance window: detach the default partition first"],
        at: wanted.$drainDefault))
    }
    return (small, findings)
  }

  private var ahead: Operation {
    .observe(
      id: "ahead", title: "count the ranges that are ready",
      ObserveWork([ObserveWork.Query("units_left", UnitsAhead.query(table, key))]))
  }
}
