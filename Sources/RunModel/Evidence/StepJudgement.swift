import JSONText
import PluginAPI

/// Whether a piece of evidence proves one step that is about to be run.
struct StepJudgement {
  let step: EvidenceDemand.Step
  let demand: EvidenceDemand
  let evidence: Evidence

  private var there: String { evidence.environment }

  /// What a person should know. `isFresh` throws when what was executed then is too old.
  func notes(_ isFresh: (Moment) throws(EvidenceRefusal) -> Void) throws(EvidenceRefusal) -> [String] {
    guard let proof = evidence.steps[step.id] else {
      throw EvidenceRefusal(.step, "step \(step.id) is not in the evidence of \(there)")
    }
    guard proof.uses == step.uses else {
      throw EvidenceRefusal(.difference, "step \(step.id) is \(proof.uses) in \(there), and \(step.uses) here")
    }
    let outcome = try outcomeNotes(proof)
    if let origin = proof.origin, proof.outcome == .carried { try isFresh(origin.finishedAt) }
    return outcome + (try differenceNotes(proof))
  }

  private func outcomeNotes(_ proof: StepProof) throws(EvidenceRefusal) -> [String] {
    switch proof.outcome {
    case .executed:
      // What was there already has proven nothing about making it.
      return proof.operations == 0 && !step.isGate ? ["step \(step.id): there was nothing to do for it in \(there)"] : []
    case .carried:
      guard let origin = proof.origin else {
        throw EvidenceRefusal(
          .step, "step \(step.id) was carried over in \(there), and no run there has executed it as it is now: prove it "
            + "with caisson apply --again")
      }
      return [
        "step \(step.id): carried over in \(there), executed there by run \(origin.run.prefix(8)) until \(origin.finishedAt)"
      ]
    case .skipped:
      let why = proof.skipReason.map { " (\($0))" } ?? ""
      if step.isGate, isAllowed("skip") { return ["step \(step.id): skipped in \(there)\(why), allowed"] }
      throw EvidenceRefusal(.step, "step \(step.id) was skipped in \(there)\(why), and is run here")
    case .person:
      throw EvidenceRefusal(
        .step, "step \(step.id) was marked as done by a person in \(there): nothing has executed it")
    }
  }

  // MARK: Differences

  private func differenceNotes(_ proof: StepProof) throws(EvidenceRefusal) -> [String] {
    // Stripped by this side's own idea of tuning, whatever the other side left out.
    let differences = JSONDifference.between(whole(proof), whole(here))
    var notes: [String] = []
    for difference in differences {
      let text = "\(step.id).\(difference.path): \(short(difference.old)) in \(there), \(short(difference.new)) here"
      guard isAllowed(difference.path) else {
        throw EvidenceRefusal(
          .difference, "\(text): list \(step.id).\(difference.path) under requires.allow_difference if that is meant")
      }
      notes.append(text + ", allowed")
    }
    for (path, hash) in step.files.sorted(by: { $0.key < $1.key }) where proof.files[path] != hash {
      if proof.files[path] == nil, !notes.isEmpty { continue }
      throw EvidenceRefusal(.difference, "the file \(path) of step \(step.id) has other content here than in \(there)")
    }
    return notes
  }

  private var here: (spec: JSON, needs: [String], schedule: JSON?) { (step.spec, step.needs, step.schedule) }

  private func whole(_ proof: StepProof) -> JSON { whole((proof.spec, proof.needs, proof.schedule)) }

  private func whole(_ side: (spec: JSON, needs: [String], schedule: JSON?)) -> JSON {
    var object = PrivateTokens.removed(from: step.shape.withoutTuning(side.spec)).object ?? JSONObject()
    // An order or a schedule of its own is a difference too; hosts and policy are not.
    if !side.needs.isEmpty { object["needs"] = .array(side.needs.map(JSON.string)) }
    object["schedule"] = side.schedule
    return Evidence.settled(.object(object))
  }

  /// By its own id, or by the one it was expanded from.
  private func isAllowed(_ path: String) -> Bool {
    [step.id, String(step.id.prefix { $0 != "[" })].contains { id in
      demand.allowed.contains { entry in
        let place = "\(id).\(path)"
        guard place.hasPrefix(entry) else { return false }
        return ["", ".", "["].contains(String(place.dropFirst(entry.count).prefix(1)))
      }
    }
  }

  private func short(_ value: JSON?) -> String {
    guard let text = value?.text else { return "nothing" }
    return text.count <= 60 ? text : text.prefix(59) + "…"
  }
}
