package import JSONText
import PlanModel
import PlanSchema

/// What happens when more targets of a stage have failed than it allows.
package enum FailureAnswer: String, CaseIterable, Sendable, ParameterValue {
  /// No further target begins; what runs goes on to its end.
  case hold
  /// What runs is asked to stop at its next checkpoint as well.
  case abort
}

/// A rollout file's keys.
struct RolloutKeys: ParameterSet {
  @Parameter("Format version: 1.") var caisson: Int
  @Parameter("Name of the rollout.") var rollout: StepName
  @Parameter("What the rollout is for.") var description: String?
  @Parameter("Environments one after the other: a stage begins when every target of the one before has succeeded.")
  var stages: [StageKeys]

  func check(_ report: inout Diagnostics) {
    if caisson != 1 {
      report.error("rollout.version", "format version \(caisson) is not known: this program reads 1", at: $caisson)
    }
    if stages.isEmpty { report.error("rollout.empty", "a rollout needs a stage", at: $stages) }
  }
}

/// One stage's keys.
struct StageKeys: ParameterSet {
  @Parameter("The environment's file, beside this one.") var environment: Located<String>
  @Parameter("How many targets, or what part of all, are done after each wave: [1, 10%, 100%].")
  var waves: [Located<Wave>] = [Located(.percent(100))]
  @Parameter("Targets of a wave side by side.") var parallel = 1
  @Parameter("So many targets may fail before no further one begins.") var maxFailures = 0
  @Parameter("When more have failed: hold lets what runs go on to its end, abort asks it to stop at a checkpoint.")
  var onFailure = FailureAnswer.hold

  func check(_ report: inout Diagnostics) {
    if !(1...100).contains(parallel) {
      report.error("value.range", "between 1 and 100 targets can run side by side", at: $parallel)
    }
    if maxFailures < 0 { report.error("value.range", "at least 0 failures", at: $maxFailures) }
    if waves.isEmpty { report.error("wave.none", "at least one wave is needed", at: $waves, hint: "[100%]") }
  }

  /// What only the number of targets tells.
  func checkWaves(of total: Int, _ report: inout Diagnostics) {
    var before = 0
    for wave in waves {
      let reached = wave.value.reached(of: total)
      if reached < before {
        report.error(
          "wave.order", "a wave of \(wave.value) comes after one of \(before) of \(total) targets", at: wave.range,
          hint: "each wave says how many are done after it, so they only grow")
      }
      before = max(before, reached)
    }
    guard before < total, let last = waves.last else { return }
    report.error(
      "wave.rest", "\(total - before) of \(total) targets are in no wave", at: last.range, hint: "end with 100%")
  }
}

/// The JSON Schema of rollout files.
package enum RolloutSchema {
  package static var json: JSON {
    guard case .object(var schema) = RolloutKeys.shape.jsonSchema else { return .null }
    if case .object(var properties)? = schema["properties"] {
      properties["caisson"] = ["const": 1, "description": "Format version."]
      schema["properties"] = .object(properties)
    }
    schema["description"] = "Environments one after the other, their targets in waves."
    return .object(schema)
  }

  /// The schema of plans and environments, and of rollouts as well.
  package static func added(to language: JSON) -> JSON {
    guard case .object(var schema) = language, case .object(var definitions)? = schema["$defs"] else { return language }
    definitions["rollout"] = json
    schema["$defs"] = .object(definitions)
    schema["anyOf"] = .array((schema["anyOf"]?.array ?? []) + [["$ref": "#/$defs/rollout"]])
    schema["title"] = "Caisson plans, environments and rollouts"
    return .object(schema)
  }
}
