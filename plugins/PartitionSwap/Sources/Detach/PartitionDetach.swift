import JSONText
import OnlineDDL
import PluginAPI

/// Takes partitions off a table: by age, or by name.
struct PartitionDetach: StepKind {
  static let name = "partition.detach"
  static let summary = "Detaches partitions, concurrently where the server can, and keeps, moves or drops them."

  struct Parameters: ParameterSet {
    @Parameter("Partitioned table.") var table: QualifiedName
    @Parameter("Every range that ends at or before this value is detached.") var before: String?
    @Parameter("Partitions to detach, instead of `before`.") var partitions: [Located<QualifiedName>] = []
    @Parameter("Without ACCESS EXCLUSIVE on the table; impossible while it has a default partition.")
    var concurrently = true
    @Parameter("What becomes of them: `keep`, `drop`, or `{move_to_schema: name}`.") var then = Retirement.keep
    @Parameter("Time zone in which `before` is meant.") var timezone = "UTC"

    func check(_ report: inout Diagnostics) {
      if (before == nil) == partitions.isEmpty {
        report.error("partition.which", "say `before` or `partitions`, one of them", at: $table)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    do {
      if let back = try await Reattachment.program(
        step.phase, carry: step.carry, on: wanted.table, at: wanted.$table, facts)
      {
        return back
      }
      let table = try await PartitionedTable.find(wanted.table, at: wanted.$table, facts)
      return try await DetachCompiler(wanted: wanted, table: table, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// From the partitions that are wanted to the operations.
struct DetachCompiler {
  let wanted: PartitionDetach.Parameters
  let table: PartitionedTable
  let facts: any Facts

  func program() async throws -> Program {
    let (chosen, absent) = try await chosen()
    guard !chosen.isEmpty else {
      return Program(
        findings: absent + [.note("partition.nothing", "no partition of \(table.name) has to go", at: wanted.$table)])
    }
    let retirement = RetiringPartitions(
      table: table, concurrently: wanted.concurrently, then: wanted.then, mark: wanted.$table, facts: facts)
    var program = try await retirement.program(chosen, isStrict: true)
    program.findings = absent + program.findings
    return program
  }

  /// A name that is no partition any more has been detached already.
  private func chosen() async throws -> ([ExistingPartition], [Finding]) {
    if let before = wanted.before {
      guard table.strategy == .range, let key = table.key, key.kind != .other else {
        throw StepRefusal(
          "partition.before", "\(table.name) is not partitioned by ranges of one date, timestamp or integer column",
          choices: ["name the `partitions`"], at: wanted.$before)
      }
      if key.kind.isCalendar { try await Zone.check(wanted.timezone, at: wanted.$timezone, facts) }
      let point = try KeyPoint.written(before, for: key, at: wanted.$before)
      return (try await table.ranges(endingBy: point.typed(key, wanted.timezone), facts), [])
    }
    var chosen: [ExistingPartition] = [], findings: [Finding] = []
    for name in wanted.partitions {
      if let partition = table.partitions.first(where: { $0.name == name.value }) {
        chosen.append(partition)
      } else if let finding = try await strange(name) {
        findings.append(finding)
      }
    }
    return (chosen, findings)
  }

  private func strange(_ name: Located<QualifiedName>) async throws -> Finding? {
    if try await facts.relation(name.value) != nil {
      return .note("partition.detached", "\(name.value) is not a partition of \(table.name)", at: name.range)
    }
    if wanted.then != .keep {
      return .note("partition.detached", "\(name.value) does not exist (any more)", at: name.range)
    }
    let near = Spelling.nearest(to: name.value.name, in: table.partitions.map(\.name.name))
    throw StepRefusal(
      "partition.absent", "\(table.name) has no partition \(name.value)" + (near.map { "; did you mean \($0)?" } ?? ""),
      choices: near.map { ["partitions: [\($0)]"] } ?? ["name a partition of \(table.name)"], at: name.range)
  }
}
