import PlanSchema
import PluginAPI

/// Closed while a standby is missing or too far behind.
struct GateReplica: StepKind {
  static let name = "gate.replica"
  static let summary = "Waits until the standbys are connected and have caught up."
  static let recurring = true
  static let isGate = true

  struct Parameters: ParameterSet {
    @Parameter("application_name of each standby; all that are connected when none is named.") var names: [String] = []
    @Parameter("How many have to be connected.") var atLeast = 1
    @Parameter("How many bytes of WAL a standby may still have to replay.")
    var maxLagBytes = ByteSize.megabytes(16)
    @Parameter("How long a standby may take to replay what was written.") var maxLag = TimeSpan.seconds(10)
    @Parameter("Replication slots that have to be in use.") var slots: [String] = []
    @Parameter("How much WAL one of `slots` may hold back.") var maxSlotWal: ByteSize?
    @Parameter("How soon it is asked again while it is closed.", tuning: true) var every = TimeSpan.seconds(10)

    func check(_ report: inout Diagnostics) {
      report.positive(every, at: $every)
      if atLeast < 0 { report.error("value.range", "at least 0 standbys can be asked for", at: $atLeast) }
      if atLeast > names.count, !names.isEmpty, $atLeast != .nowhere {
        report.error(
          "value.range", "\(atLeast) standbys are asked for and \(names.count) named", at: $atLeast,
          hint: "each one that is named has to be connected: leave at_least out")
      }
      if maxSlotWal != nil, slots.isEmpty {
        report.error("replica.slots", "max_slot_wal is about `slots`, and none is named", at: $maxSlotWal)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    let look = ReplicaLook(wanted: wanted)
    guard try await look.maySee(facts) else {
      return Program(findings: [
        .refusal(
          "replica.privilege", "this role does not see how far standbys are",
          choices: ["GRANT pg_monitor TO the role that connects"])
      ])
    }
    let found = try await look.standings(facts)
    let problems = look.problems(found) + (try await look.slotProblems(facts))
    guard problems.isEmpty else {
      return Program(gates: [.closed(reason: problems.joined(separator: "; "), again: wanted.every)])
    }
    return Program(findings: found.map { .note("gate.open", "standby \($0.name) \($0.text)") })
  }
}
