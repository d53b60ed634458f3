import JSONText
import OnlineDDL
import PluginAPI

/// New partitions first, since missing ones stop the application; then the default partition; then what is old. Each is
/// an operation of its own, and what would fail is left out with a warning, so that one does not stop the others.
struct MaintainCompiler {
  let step: Step<PartitionMaintain.Parameters>
  let table: PartitionedTable
  let key: PartitionKey
  let facts: any Facts

  private var wanted: PartitionMaintain.Parameters { step.parameters }

  func program() async throws -> Program {
    let partman = try await PartmanSet.find(table.name, facts)
    if let partman, !wanted.adopt {
      return .alreadySo(.warning(
        "partition.partman", "\(table.name) is maintained by pg_partman (\(partman.config)): it is left alone",
        choices: ["adopt: true takes it over", "leave the step out"], at: wanted.$table))
    }
    var program = Program(privileges: [
      Privilege(.owner(table.name)), Privilege(.create(schema: table.name.schema)),
    ])
    if let partman { program.operations += partman.switchOff }
    let made = try await supply().compiled()
    program.findings += try await standing() + made.program.findings
    program.operations += made.program.operations
    try await retire(&program)
    // Last, since it waits for others: it has phases of its own.
    program.operations += made.prepare
    if let move = made.move { program.carry = try move.put(into: program.carry) }
    return program
  }

  func supply() async throws -> PartitionSupply {
    PartitionSupply(step: step, table: table, key: key, width: try await width(), facts: facts)
  }

  private func width() async throws -> PartitionWidth {
    let ranges = table.ranges.filter { !$0.isPendingDetach }
    let inference = BoundInference(key: key, timezone: wanted.timezone, facts: facts)
    if key.kind.isCalendar { try await Zone.check(wanted.timezone, at: wanted.$timezone, facts) }
    let zones = try await inference.otherZones(for: ranges)
    guard zones.isEmpty else {
      throw StepRefusal(
        "partition.timezone", "the partitions of \(table.name) do not begin at midnight in time zone \(wanted.timezone):"
          + " they were cut in another, and the next would be cut at another time of day",
        choices: zones.map { "timezone: \($0)" }, at: wanted.$timezone)
    }
    if let every = wanted.every { return every }
    guard let width = try await inference.width(of: ranges) else {
      throw StepRefusal(
        "partition.every", "the partitions of \(table.name) have no width in common from which the next could be cut",
        choices: ["every: 1 month"], at: wanted.$table)
    }
    return width
  }

  /// What is known about the table without doing anything.
  private func standing() async throws -> [Finding] {
    var findings: [Finding] = []
    for (after, before) in table.holes {
      findings.append(.warning(
        "partition.hole", "there is no partition between \(after.name) and \(before.name): "
          + (table.defaultPartition.map { "its rows go to \($0.name)" } ?? "its rows are refused (23514)"),
        choices: ["create one by hand"], at: wanted.$table))
    }
    let left = try await UnitsAhead.count(table, key, facts)
    let message = "\(left) ranges are ready ahead of \(key.kind.isCalendar ? "now" : "the greatest key")"
    findings.append(left < wanted.alarm
      ? .warning("partition.alarm", "\(message), alarm is below \(wanted.alarm)", at: wanted.$alarm)
      : .note("partition.ahead", message, at: wanted.$table))
    if let finding = try await LockCapacity.finding(for: table, at: wanted.$table, facts) { findings.append(finding) }
    return findings
  }

  private func retire(_ program: inout Program) async throws {
    let old = try await old()
    let retirement: Retirement =
      switch wanted.retire {
      case .detach: .keep
      case .drop: .drop
      case .archive: .move(schema: wanted.archiveSchema)
      }
    guard !old.isEmpty || table.partitions.contains(where: \.isPendingDetach) else { return }
    let retiring = try await RetiringPartitions(
      table: table, concurrently: true, then: retirement, mark: wanted.$table, facts: facts
    ).program(old, isStrict: false)
    // Whatever stands against retiring does not stop new partitions.
    program.findings += retiring.findings.map { finding in
      var finding = finding
      if finding.severity == .refusal { finding.severity = .warning }
      return finding
    }
    guard retiring.refusals.isEmpty else { return }
    program.operations += retiring.operations
    program.carry = retiring.carry
  }

  private func old() async throws -> [ExistingPartition] {
    switch wanted.keep {
    case nil: return []
    case .interval(let interval):
      guard key.kind.isCalendar else { throw misfit("a number of keys") }
      let local: SQL = "((now() AT TIME ZONE \(wanted.timezone)) - \(interval.description)::interval)"
      let value: SQL = key.kind == .timestamptz ? "\(sql: local) AT TIME ZONE \(wanted.timezone)" : local
      return try await table.ranges(endingBy: value, facts)
    case .number(let count):
      guard key.kind.isNumber else { throw misfit("an interval") }
      guard let greatest = try await KeyExtent.read(table.name, key, facts).greatest else { return [] }
      return try await table.ranges(endingBy: "\(greatest)::numeric - \(count)::numeric", facts)
    }
  }

  private func misfit(_ what: String) -> StepRefusal {
    StepRefusal(
      "partition.keep", "\(key.column) is of type \(key.type): `keep` is \(what)",
      choices: ["keep: \(what)"], at: wanted.$keep)
  }
}
