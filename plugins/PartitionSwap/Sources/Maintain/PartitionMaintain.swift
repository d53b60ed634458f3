import JSONText
import OnlineDDL
import PluginAPI

/// Keeps a partitioned table supplied with partitions ahead of the clock, and takes old ones off.
struct PartitionMaintain: StepKind {
  static let name = "partition.maintain"
  static let summary = "Keeps partitions ahead of now, moves rows out of the default partition, retires old partitions."
  static let recurring = true
  static let phases = [Phase.apply, .move, .exchange].map(\.rawValue)

  enum Phase: String {
    case apply
    /// Copying rows of the default partition that are too many for one transaction.
    case move
    /// And attaching them.
    case exchange
  }

  struct Parameters: ParameterSet {
    @Parameter("Table partitioned by ranges of one date, timestamp or integer column.") var table: QualifiedName
    @Parameter("Width of a range; default: that of the newest partitions.") var every: PartitionWidth?
    @Parameter("Ranges that are ready beyond the one in use.") var premake = 12
    @Parameter("How much history stays: an interval before now, for integer keys a number; default: all.")
    var keep: Keep?
    @Parameter("What becomes of older partitions.") var retire = RetireMode.detach
    @Parameter("Schema for `retire: archive`; it has to exist.") var archiveSchema = Identifier("archive")
    @Parameter("Moves rows out of the default partition into proper ones.") var drainDefault = true
    @Parameter("How long one chunk of a larger move should take.", tuning: true) var chunk = TimeSpan.milliseconds(500)
    @Parameter("Fewer ranges than this left ahead are critical.") var alarm = 1
    @Parameter("Time zone in which bounds are cut.") var timezone = "UTC"
    @Parameter("Names of new partitions.") var naming = LeafNaming()
    @Parameter("Takes over a table that pg_partman maintains, and switches that off.") var adopt = false

    func check(_ report: inout Diagnostics) {
      if premake < 0 { report.error("partition.premake", "not less than 0", at: $premake) }
      if premake > 1000 { report.error("partition.premake", "1000 at most", at: $premake) }
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
      guard table.strategy == .range, let key = table.key, key.kind != .other else {
        throw StepRefusal(
          "partition.unsupported", "\(table.name) is not partitioned by ranges of one date, timestamp or integer column:"
            + " there is no next partition to make", choices: ["leave it out"], at: wanted.$table)
      }
      let compiler = MaintainCompiler(step: step, table: table, key: key, facts: facts)
      return step.phase == Phase.apply.rawValue ? try await compiler.program() : try await compiler.moved()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings, carry: step.carry)
    }
  }
}
