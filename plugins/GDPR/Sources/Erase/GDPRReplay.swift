import PlanSchema
import PluginAPI

/// After a restore: erases again whoever the log says was erased.
enum GDPRReplay: StepKind {
  static let name = "gdpr.replay"
  static let summary = "After a restore, erases again everybody whose erasure stands in the log."
  static let recurring = true

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      let plan = try await ErasePlan.read(step.parameters.rules, facts)
      return try await ReplayCompiler(wanted: step.parameters, plan: plan, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// Everybody of the log in one transaction: their keys stand nowhere but in the database itself.
struct ReplayCompiler {
  let wanted: GDPRReplay.Parameters
  let plan: ErasePlan
  let facts: any Facts

  private var log: ErasureLog { ErasureLog(folder: wanted.erasureLog, key: wanted.logKey, subjects: plan.map.subject.name) }

  func program() async throws -> Program {
    var findings = plan.findings
    if plan.isRefused { return Program(findings: findings) }
    let all = try await log.entries(facts)
    let unconfirmed = all.filter { !$0.isDone }
    if let finding = finding(about: unconfirmed) { findings.append(finding) }
    let entries = wanted.unconfirmed == .leave ? all.filter(\.isDone) : all
    if entries.contains(where: { $0.map != plan.mapHash }) {
      findings.append(
        .note("gdpr.replay.map", "the map has changed since some of the log's erasures: all are done by the map as it is now"))
    }
    let found = log.subjects(entries, in: plan.map), subjects = plan.pending(found)
    let work = EraseTransaction(plan: plan, subjects: subjects, counts: try await plan.counts(subjects, facts))
    guard work.total > 0 else {
      let note = Finding.note("gdpr.replay.nothing", "nobody of the log's \(entries.count) erasures is in the database")
      return Program(findings: findings + [note])
    }
    if let free = plan.isFree(subjects), try await facts.rows(free).first?["free"] == "f" {
      findings.append(
        .refusal(
          "gdpr.held", "somebody of the log is under legal hold now", choices: ["lift the hold, or wait until it ends"],
          at: wanted.$holds))
    }
    return Program(
      findings: findings + [work.note],
      operations: [work.operation(title: "erase everybody of the log again"), work.look(subjects)],
      privileges: plan.privileges)
  }

  private func finding(about unconfirmed: [ErasureLog.Entry]) -> Finding? {
    guard !unconfirmed.isEmpty else { return nil }
    let names = unconfirmed.prefix(5).map(\.id).joined(separator: ", ")
    let text = "\(unconfirmed.count) erasures of the log were begun, and it does not say that they were done: \(names)"
    guard wanted.unconfirmed == .refuse else { return .note("gdpr.replay.unconfirmed", text, at: wanted.$unconfirmed) }
    return .refusal(
      "gdpr.replay.unconfirmed", text,
      choices: [
        "caisson resume the runs that began them", "unconfirmed: erase, where each was rightly asked for",
        "unconfirmed: leave, where they were refused",
      ], at: wanted.$unconfirmed)
  }
}
