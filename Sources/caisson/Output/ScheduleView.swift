import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel
import PlanSchema

/// A schedule as the plan has it and as the journal has it.
struct ScheduleView {
  let step: String
  /// `nil`: the journal's is no longer the plan's.
  let planned: Recurrence?
  /// `nil`: it is not registered yet.
  let record: ScheduleRecord?

  /// By step.
  static func all(of chosen: ChosenEnvironment, _ known: [ScheduleRecord]) -> [ScheduleView] {
    let planned = chosen.resolved.plan.steps.filter { $0.skip == nil }.compactMap { step in
      step.schedule.map { (step.id, $0) }
    }
    let byStep = Dictionary(planned, uniquingKeysWith: { first, _ in first })
    let records = Dictionary(known.map { ($0.step, $0) }, uniquingKeysWith: { first, _ in first })
    return Set(byStep.keys).union(records.keys).sorted().map {
      ScheduleView(step: $0, planned: byStep[$0], record: records[$0])
    }
  }

  static func table(_ views: [ScheduleView]) -> TextTable {
    var table = TextTable([
      .left("step"), .left("when"), .left("next"), .left("last"), .left("state", shrinks: true),
    ])
    for view in views {
      table.add([view.step, view.when, view.next, view.last, view.state])
    }
    return table
  }

  private var when: String { (record?.recurrence ?? planned)?.timing.description ?? "" }
  private var next: String { record?.pausedAt == nil ? record?.nextAt.map(Instant.short) ?? "" : "paused" }

  private var last: String {
    guard let last = record?.last else { return "" }
    return "\(Instant.short(last.dueAt)) \(last.state.rawValue.split(separator: "_").joined(separator: " "))"
  }

  private var state: String {
    guard let record else { return "not registered" }
    if let by = record.pausedBy { return "paused by \(by)" + (record.pausedReason.map { ": \($0)" } ?? "") }
    if let current = record.current {
      return "\(current.state == .running ? "running since" : "waiting since") \(Instant.short(current.dueAt))"
    }
    return record.last?.reason ?? ""
  }

  var json: JSON {
    var object = JSONObject([("step", .string(step)), ("registered", .bool(record != nil))])
    object["schedule"] = (record?.recurrence ?? planned)?.json
    guard let record else { return .object(object) }
    object["next_at"] = JSON(record.nextAt)
    object["last_at"] = JSON(record.lastAt)
    object["paused"] = record.pausedAt.map { at in
      ["at": .string(at), "by": JSON(record.pausedBy), "reason": JSON(record.pausedReason)]
    } ?? .null
    object["last"] = record.last?.json ?? .null
    object["current"] = record.current?.json ?? .null
    return .object(object)
  }
}

extension FiringRecord {
  var json: JSON {
    [
      "due_at": .string(dueAt), "state": .string(state.rawValue), "extra": .bool(extra),
      "moments": .int(Int64(moments)), "reason": JSON(reason), "run": JSON(run),
    ]
  }
}

extension JournalReader {
  /// Those of the chosen plan.
  func schedules(of chosen: ChosenEnvironment) async throws -> [ScheduleRecord] {
    let environment = chosen.resolved.environment
    return try await schedules(
      plan: chosen.resolved.plan.name, environment: environment.name, target: environment.targetName)
  }
}
