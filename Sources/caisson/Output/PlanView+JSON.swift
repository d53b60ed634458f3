import Engine
import JSONText
import PlanModel
import PluginAPI
import RunModel

extension PlanView {
  /// Everything, as one document.
  var json: JSON {
    var object = head
    object["steps"] = .array(steps.map(json))
    return .object(object)
  }

  /// The same as records: the plan, then each step.
  var records: [JSON] {
    var first = head
    first["type"] = "plan"
    return [.object(first)] + steps.map { step in
      var record = json(step).object ?? JSONObject()
      record["type"] = "step"
      return .object(record)
    }
  }

  private var head: JSONObject {
    var head = plain
    head["evidence"] = evidence.map { evidence in
      [
        "environment": .string(evidence.environment), "run": JSON(evidence.run),
        "notes": .array(evidence.notes.map(JSON.string)), "gate": evidence.closed?.json ?? .null,
      ]
    }
    head["forecast"] = forecast.map { forecast in
      var object = forecast.plan.json.object ?? JSONObject()
      object["steps"] = nil
      object["free_disk_bytes"] = forecast.freeDisk.map(JSON.int)
      return .object(object)
    }
    return head
  }

  private var plain: JSONObject {
    JSONObject([
      ("plan", .string(resolved.plan.name)), ("environment", .string(resolved.environment.name)),
      ("target", .string(resolved.environment.targetName)),
      ("plan_hash", .string(resolved.planHash)), ("release_hash", .string(resolved.releaseHash)),
      ("to_run", .int(Int64(waiting.count))), ("refused", .bool(!refusals.isEmpty)),
    ])
  }

  private func json(_ step: Step) -> JSON {
    var object = JSONObject([
      ("step", .string(step.step.id)), ("uses", .string(step.step.uses)),
      ("needs", .array(step.step.needs.map(JSON.string))),
    ])
    switch step.fate {
    case .skipped(let reason):
      object["state"] = "skipped"
      object["reason"] = .string(reason)
    case .finished: object["state"] = "done"
    case .prepared(let prepared):
      object["state"] = "to_run"
      for member in json(step, prepared).members { object[member.key] = member.value }
    }
    return .object(object)
  }

  private func json(_ step: Step, _ prepared: Preparation.Prepared) -> JSONObject {
    var object = JSONObject([("certainty", .string(prepared.certainty.word))])
    switch prepared.certainty {
    case .exact: break
    case .predicted(let steps): object["depends_on"] = .array(steps.map(JSON.string))
    case .knownAfter(let earlier): object["depends_on"] = [.string(earlier)]
    }
    if let compiled = prepared.compiled {
      object["phase"] = .string(compiled.phase)
      object["phases"] = .int(Int64(compiled.phases))
      if compiled.isGate { object["gates"] = .array(compiled.program.gates.map { .string($0.description) }) }
      object["operations"] = .array(compiled.operations.map { $0.json(sizes: sizes) })
      object["locks"] = .array(step.locks.map { $0.json(sizes[$0.relation]) })
    }
    object["forecast"] = forecast?.plan[step.step.id]?.json ?? .null
    object["max_stall"] = step.step.policy.maxStall.json
    object["reversible"] = .bool(step.noReturn == nil)
    object["point_of_no_return"] = step.noReturn.map { ["step": .string($0.step), "reason": .string($0.reason)] }
    object["findings"] = .array(step.findings.map(\.json))
    return object
  }
}

extension Certainty {
  /// For a program.
  fileprivate var word: String {
    switch self {
    case .exact: "exact"
    case .predicted: "predicted"
    case .knownAfter: "known_after"
    }
  }
}
