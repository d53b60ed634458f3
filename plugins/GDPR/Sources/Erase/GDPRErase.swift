import JSONText
import PlanSchema
import PluginAPI

/// Erases one person, and writes down that it was done where a restore of the database does not reach.
enum GDPRErase: StepKind {
  static let name = "gdpr.erase"
  static let summary = "Erases one person everywhere the data map says, with a tombstone that outlives a restore."
  static let phases = ErasePhase.allCases.map(\.rawValue)

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      let plan = try await ErasePlan.read(step.parameters.rules, facts)
      let compiler = EraseCompiler(step: step, plan: plan, facts: facts)
      return step.phase == ErasePhase.confirm.rawValue ? try await compiler.confirmation() : try await compiler.program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// Of erasures and replays.
enum ErasePhase: String, CaseIterable {
  case erase
  /// Looks from anew: what was written while it went on is erased as well.
  case confirm
}

/// One request: tombstone, erasure, look, and the word that it is done, in this order.
struct EraseCompiler {
  let step: Step<GDPRErase.Parameters>
  let plan: ErasePlan
  let facts: any Facts

  private var wanted: GDPRErase.Parameters { step.parameters }
  private var subject: RequestedSubject { RequestedSubject(secret: wanted.subject, map: plan.map) }
  private var log: ErasureLog {
    ErasureLog(folder: wanted.erasureLog, key: wanted.logKey, subjects: plan.map.subject.name, range: wanted.$erasureLog)
  }

  func program() async throws -> Program {
    var findings = plan.findings
    if plan.isRefused { return Program(findings: findings) }
    if try await subject.standing(facts) == .misspelt {
      return Program(findings: findings + [subject.misspelt(at: wanted.$subject)])
    }
    let subjects = plan.pending(subject.bound)
    let work = EraseTransaction(plan: plan, subjects: subjects, counts: try await plan.counts(subjects, facts))
    guard work.total > 0 else {
      return .alreadySo(.note("gdpr.erase.nothing", "nothing of the subject is left that the map would erase", at: wanted.$subject))
    }
    if let held = try await held(subjects) { findings.append(held) }
    if let other = try await log.otherKey(log.entries(facts), facts, at: wanted.$logKey) { findings.append(other) }
    let record = ErasureLog.Record(
      id: try await log.freeID(step.runTag, for: wanted.subject, facts), plan,
      rows: zip(plan.changes, work.counts).map { ($0.title, $1) })
    return Program(
      findings: findings + [work.note],
      operations: [log.write(record, .begun, of: wanted.subject), work.operation(title: "erase the subject")],
      carry: record.json, privileges: plan.privileges)
  }

  /// `carry`: the record of what was begun; without one there was nothing to erase.
  func confirmation() async throws -> Program {
    guard var record = ErasureLog.Record(step.carry) else { return Program() }
    if plan.isRefused { return Program(findings: plan.findings) }
    let rest = EraseTransaction(plan: plan, subjects: subject.bound, counts: try await plan.left(subject.bound, facts))
    record.add(zip(plan.changes, rest.counts).map { ($0.title, $1) })
    let done = log.write(record, .done, of: wanted.subject)
    return Program(
      operations: (rest.total > 0 ? [rest.rest] : []) + [rest.look(subject.bound), plan.samples, done], privileges: plan.privileges)
  }

  private func held(_ subjects: SubjectKeys) async throws -> Finding? {
    guard let free = plan.isFree(subjects), try await facts.rows(free).first?["free"] == "f" else { return nil }
    return .refusal(
      "gdpr.held", "the subject is under legal hold: nothing of theirs may be erased",
      choices: ["lift the hold, or wait until it ends"], at: wanted.$holds)
  }
}

extension ErasePlan {
  var privileges: [Privilege] {
    changes.flatMap { change -> [Privilege] in
      let right = if case .delete = change.kind { "DELETE" } else { "UPDATE" }
      return ["SELECT", right].map { Privilege(.table(change.table, right: $0)) }
    }
  }
}
