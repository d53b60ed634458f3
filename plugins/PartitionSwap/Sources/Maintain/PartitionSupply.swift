import OnlineDDL
import PluginAPI

/// The partitions that are to come, and those for rows that have gone to the default partition.
struct PartitionSupply {
  let step: Step<PartitionMaintain.Parameters>
  let table: PartitionedTable
  let key: PartitionKey
  let width: PartitionWidth
  let facts: any Facts

  private var wanted: PartitionMaintain.Parameters { step.parameters }

  /// `prepare`, and what it hands on: a larger move, which goes on in the phases after this one.
  struct Compiled {
    var program: Program
    var prepare: [Operation] = []
    var move: RangeMove?
  }

  func compiled() async throws -> Compiled {
    if table.ranges.last?.kind == .partitionedTable {
      throw StepRefusal(
        "partition.subpartitioned",
        "partitions of \(table.name) are partitioned themselves: what is below a new one is not known",
        choices: ["partition.maintain on each of them"], at: wanted.$table)
    }
    guard table.ranges.last?.to != .maximum else {
      return Compiled(program: Program(findings: [
        .warning(
          "partition.open_end",
          "\(table.ranges.last?.name.description ?? "") reaches to MAXVALUE: it takes everything to come,"
            + " and no partition can be made after it", choices: ["detach it and attach it with an upper bound"],
          at: wanted.$table)
      ]))
    }
    let planned = try await cut().ranges(at: wanted.$table, facts)
    let content = try await DefaultContent.read(table, key, cut(), planned, facts)
    let template = try await LeafTemplate.read(for: table, facts)
    return try await compiled(planned, content, template)
  }

  /// Every range that the default partition has rows of by now, and those to come that are not made yet.
  func moved() async throws -> (leaves: [PlannedLeaf], creation: LeafCreation) {
    let planned = try await cut().ranges(at: wanted.$table, facts)
    let units = try await DefaultContent.read(table, key, cut(), planned, facts)?.units.map(\.range) ?? []
    let leaves = try await named(planned.filter { !units.contains($0) } + units).0
    let template = try await LeafTemplate.read(for: table, facts)
    return (leaves, LeafCreation(template, defaultPartition: table.defaultPartition?.name))
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

  private func compiled(
    _ planned: [RangeCut.Range], _ content: DefaultContent?, _ template: LeafTemplate
  ) async throws -> Compiled {
    var findings = template.publications.map { publication in
      Finding.warning(
        "partition.publication",
        "publication \(publication) names \(template.model) and not \(table.name): new partitions are"
          + " not in it", choices: ["ALTER PUBLICATION … ADD TABLE \(table.name.quoted)"], at: wanted.$table)
    }
    let drained = try await drainable(content)
    findings += drained.findings
    let ranges = planned.filter { range in !(content?.units.contains { $0.range == range } ?? false) }
    let all = ranges + drained.units.map(\.range)
    let (leaves, renamed) = try await named(all)
    let creation = LeafCreation(template, defaultPartition: table.defaultPartition?.name)
    // Each ATTACH would look through a large default partition: better when it is empty.
    let waits = drained.inventory != nil && !(content?.isSmall ?? true)
    let made = waits ? 0 : ranges.count
    var compiled = Compiled(
      program: Program(findings: findings + renamed, operations: leaves.prefix(made).map { creation.operation($0) }))
    try await drain(Array(leaves.dropFirst(made)), drained, creation, &compiled)
    if !compiled.program.operations.isEmpty { compiled.program.operations.append(Self.ahead(table, key)) }
    return compiled
  }

  private func drain(
    _ leaves: [PlannedLeaf], _ drained: Drainable, _ creation: LeafCreation, _ compiled: inout Compiled
  ) async throws {
    guard let rest = table.defaultPartition, !leaves.isEmpty else { return }
    guard let inventory = drained.inventory else {
      let drain = try await DefaultDrain.read(table, rest, key, creation, facts)
      compiled.program.operations += leaves.map { drain.operation($0) }
      return
    }
    let move = try await RangeMove(table, inventory, rest, creation, tag: step.runTag, facts)
    compiled.prepare = move.capture
    compiled.move = move
  }

  private func named(_ ranges: [RangeCut.Range]) async throws -> ([PlannedLeaf], [Finding]) {
    let taken = try await facts.takenNames(in: table.name.schema, startingWith: "")
    let names = wanted.naming.names(table: table.name.name, starts: ranges.map(\.label), avoiding: taken)
    var findings: [Finding] = []
    for (range, name) in zip(ranges, names) where name != wanted.naming.name(table: table.name.name, start: range.label) {
      findings.append(.note(
        "partition.name_taken",
        "a relation has the name for the partition from \(range.from.text ?? "MINVALUE") already:"
          + " it becomes \(name)", at: wanted.$naming))
    }
    return (zip(names, ranges).map { PlannedLeaf(name: QualifiedName(table.name.schema, $0), bound: $1.bound) }, findings)
  }

  /// Units whose rows can be moved, and what is to be said about the others.
  private struct Drainable {
    var units: [DefaultContent.Unit] = []
    var findings: [Finding] = []
    /// They are moved online, all together.
    var inventory: TableInventory?
  }

  private func drainable(_ content: DefaultContent?) async throws -> Drainable {
    guard let content, !content.units.isEmpty else {
      return Drainable(findings: content?.findings(moves: false, at: wanted.$drainDefault) ?? [])
    }
    if let (why, choice) = try await keeping() {
      return Drainable(findings: [content.left(why, choices: [choice], at: wanted.$drainDefault)])
    }
    let small = content.units.filter { $0.rows <= DefaultContent.mostRows && content.isSmall }
    guard small.count < content.units.count else {
      return Drainable(units: small, findings: content.findings(moves: false, at: wanted.$drainDefault))
    }
    guard let inventory = try await facts.inventory(of: table.name) else { return Drainable() }
    let names = RangeMove.names(content.partition.name)
    let obstacle = try await RangeMove.obstacle(
      inventory, content, maxStall: step.maxStall, [names.staging, names.staying], facts)
    guard let (why, choice) = obstacle else {
      let findings = content.findings(moves: true, at: wanted.$drainDefault) + [content.moving(at: wanted.$drainDefault)]
      return Drainable(units: content.units, findings: findings, inventory: inventory)
    }
    return Drainable(
      units: small,
      findings: content.findings(moves: false, at: wanted.$drainDefault) + [
        content.left(
          "\(content.units.count - small.count) ranges hold more than one lock may take, and \(why)", choices: [choice],
          at: wanted.$drainDefault)
      ])
  }

  /// Why no row may be moved.
  private func keeping() async throws -> (why: String, choice: String)? {
    guard wanted.drainDefault else { return ("drain_default is off", "drain_default: true") }
    if let reference = try await DetachObstacles(table: table, facts: facts).references().first {
      let why = "rows of \(reference.from) may point to them by foreign key \(reference.constraint),"
        + " which would see them deleted"
      return (why, "drop the foreign key meanwhile")
    }
    let members = [table.facts.oid, table.defaultPartition?.oid].compactMap { $0 }
    let publication = try await facts.rows(
      """
      SELECT t.pubname FROM pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
      WHERE c.oid = ANY (\(members.map(String.init))::text[]::oid[]) ORDER BY 1 LIMIT 1
      """
    ).first?[0]
    guard let publication else { return nil }
    return (
      "publication \(publication) has them, and subscribers would see them deleted and not where they come to",
      "take \(table.name) out of the publication meanwhile, and refresh the subscribers with their rows afterwards"
    )
  }

  static func ahead(_ table: PartitionedTable, _ key: PartitionKey) -> Operation {
    .observe(
      id: "ahead", title: "count the ranges that are ready",
      ObserveWork([ObserveWork.Query("units_left", UnitsAhead.query(table, key))]))
  }
}
