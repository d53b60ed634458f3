import JSONText
import PlanSchema
import PluginAPI

/// After a restore: erases again whoever the log says was erased.
enum GDPRReplay: StepKind {
  static let name = "gdpr.replay"
  static let summary = "After a restore, erases again everybody whose erasure stands in the log."
  static let phases = ErasePhase.allCases.map(\.rawValue)
  static let recurring = true

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      let plan = try await ErasePlan.read(step.parameters.rules, facts)
      let compiler = ReplayCompiler(step: step, plan: plan, facts: facts)
      return step.phase == ErasePhase.confirm.rawValue ? try await compiler.confirmation() : try await compiler.program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// Everybody of the log in one transaction: their keys stand nowhere but in the database itself.
struct ReplayCompiler {
  let step: Step<GDPRReplay.Parameters>
  let plan: ErasePlan
  let facts: any Facts

  private var wanted: GDPRReplay.Parameters { step.parameters }
  private var log: ErasureLog {
    ErasureLog(folder: wanted.erasureLog, key: wanted.logKey, subjects: plan.map.subject.name, range: wanted.$erasureLog)
  }

  func program() async throws -> Program {
    var findings = plan.findings
    if plan.isRefused { return Program(findings: findings) }
    let all = try await log.entries(facts)
    findings += try await missing(all)
    if let other = try await log.otherKey(all, facts, at: wanted.$logKey) { findings.append(other) }
    let unconfirmed = all.filter { !$0.isDone }
    if let finding = finding(about: unconfirmed) { findings.append(finding) }
    let entries = counted(all)
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
      operations: [work.operation(title: "erase everybody of the log again")], carry: true, privileges: plan.privileges)
  }

  /// Whoever of the log is still there. `carry`: there was somebody to erase.
  func confirmation() async throws -> Program {
    guard step.carry == true else { return Program() }
    if plan.isRefused { return Program(findings: plan.findings) }
    let found = log.subjects(counted(try await log.entries(facts)), in: plan.map)
    let rest = EraseTransaction(plan: plan, subjects: found, counts: try await plan.left(found, facts))
    return Program(operations: (rest.total > 0 ? [rest.rest] : []) + [rest.look(found), plan.samples], privileges: plan.privileges)
  }

  private func counted(_ all: [ErasureLog.Entry]) -> [ErasureLog.Entry] {
    wanted.unconfirmed == .leave ? all.filter(\.isDone) : all
  }

  /// The database knows of erasures that the log does not know: another folder, or a log that has lost something.
  private func missing(_ all: [ErasureLog.Entry]) async throws -> [Finding] {
    var findings: [Finding] = []
    if all.isEmpty {
      findings.append(
        .warning(
          "gdpr.replay.empty", "the log in \(wanted.erasureLog) has no erasure of anybody in \(plan.map.subject.name)",
          choices: ["look whether it is the right folder"], at: wanted.$erasureLog))
    }
    let lost = Set(try await plan.erasuresInJournal(facts)).subtracting(all.map(\.id))
    if !lost.isEmpty {
      let names = lost.sorted().prefix(5).joined(separator: ", ")
      let text = "the log lacks \(lost.count) erasures that the database knows of: \(names)"
      findings.append(
        wanted.missing == .leave
          ? .note("gdpr.replay.missing", text, at: wanted.$missing)
          : .refusal(
            "gdpr.replay.missing", text,
            choices: [
              "give the folder those erasures were logged in", "restore the log from where it is kept apart",
              "missing: leave, where their records were thrown away for good reason",
            ], at: wanted.$erasureLog))
    }
    return findings
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
