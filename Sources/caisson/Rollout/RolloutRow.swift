import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import Rollout

/// One target's line in a table of a rollout.
struct RolloutRow: Sendable {
  var stage: String
  var wave: Int
  var waves: Int
  var target: String
  /// One word, stable for programs.
  var state: String
  var run: String?
  var done: Int?
  var total: Int
  var seconds: Double?
  /// Why it is there and not further.
  var reason: String?
  var gates: [ClosedGate] = []
  /// The exact next command for this target.
  var next: String?
  var error: JSON?

  /// A target nothing is known of yet.
  init(_ stage: StagedRollout.Stage, _ place: Int, state: String) {
    self.stage = stage.name
    self.state = state
    wave = stage.wave(of: place)
    waves = stage.waves.count
    target = stage.targets[place].environment.targetName
    total = stage.targets[place].plan.steps.count
  }

  var json: JSON {
    var object = JSONObject([
      ("target", .string(target)), ("wave", .int(Int64(wave))), ("state", .string(state)), ("run", JSON(run)),
      ("steps", .int(Int64(total))),
    ])
    object["steps_done"] = done.map { .int(Int64($0)) }
    object["seconds"] = seconds.map { .seconds($0) }
    object["reason"] = reason.map(JSON.string)
    if !gates.isEmpty { object["gates"] = .array(gates.map(\.json)) }
    object["error"] = error
    object["next"] = next.map(JSON.string)
    return .object(object)
  }

  private var style: Style? {
    switch state {
    case "succeeded": .green
    case "pending", "not begun": .dim
    case "waiting", "held", "stopped", "paused": .yellow
    case "running", "to run": .cyan
    default: .red
    }
  }

  static func table(_ rows: [RolloutRow]) -> TextTable {
    var table = TextTable([
      .left("stage"), .left("wave"), .left("target"), .left("state"), .right("steps"), .right("took"),
      .left("", shrinks: true),
    ])
    for row in rows {
      table.add(
        [
          row.stage, "\(row.wave) of \(row.waves)", row.target, row.state.replacing("_", with: " "),
          row.done.map { "\($0) of \(row.total)" } ?? "\(row.total)",
          row.seconds.map { Humanised.duration(.milliseconds(Int64($0 * 1000))) } ?? "", row.reason ?? "",
        ], styles: [nil, nil, nil, row.style])
    }
    return table
  }

  /// By stage, as a program reads them.
  static func stages(_ rows: [RolloutRow], of rollout: StagedRollout) -> JSON {
    .array(
      rollout.stages.map { stage in
        [
          "stage": .string(stage.name), "waves": .int(Int64(stage.waves.count)),
          "targets": .array(rows.filter { $0.stage == stage.name }.map(\.json)),
        ]
      })
  }
}
