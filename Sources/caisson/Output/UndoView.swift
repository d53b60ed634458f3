import CommandLineKit
import Engine
import JSONText
import PlanModel
import PluginAPI
import RunModel

/// What a rollback would run, in order.
struct UndoView {
  let undone: [(step: String, operation: Operation)]

  /// `kept`: that step and all it needs stay.
  init(_ operations: [(step: String, operation: Operation)], keeping kept: String?, in plan: Plan) {
    guard let kept else {
      undone = operations
      return
    }
    var keeping: Set<String> = [kept]
    // Every step stands after those it needs, so one pass from the end finds them all.
    for step in plan.steps.reversed() where keeping.contains(step.id) { keeping.formUnion(step.needs) }
    undone = operations.filter { !keeping.contains($0.step) }
  }

  func lines(_ palette: Palette = .plain) -> [String] {
    guard !undone.isEmpty else { return ["there is nothing to take back"] }
    let count = undone.count == 1 ? "1 operation" : "\(undone.count) operations, the latest first,"
    var lines = [palette("\(count) would be taken back:", .bold)]
    for (place, one) in undone.enumerated() {
      lines.append("\(place + 1). \(palette(one.step, .bold)): \(DisplayText.singleLine(one.operation.title))")
      lines += undo(of: one.operation)
    }
    return lines
  }

  private func undo(of operation: Operation) -> [String] {
    switch operation.undo {
    case .nothing:
      switch operation.work {
      case .export: ["     removes what it wrote, unless somebody has changed it"]
      case .file: ["     puts the previous file back"]
      case .bracket: ["     what was done inside is taken back inside it"]
      default: ["     nothing to be done"]
      }
    case .irreversible(let reason): ["     cannot be taken back: \(reason)"]
    case .recompile(let phase): ["     phase \(phase), compiled from the catalog as it is then"]
    case .operations(let operations):
      operations.flatMap(\.leaves).flatMap(\.sentStatements).flatMap { OperationText.indented($0.printed) }
    }
  }

  var json: JSON { ["operations": .array(records)] }

  var records: [JSON] {
    undone.map { step, operation in
      [
        "step": .string(step), "operation": .string(operation.id), "title": .string(operation.title),
        "undo": operation.undo.json,
      ]
    }
  }
}
