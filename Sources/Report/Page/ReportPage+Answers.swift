import JSONText
import Journal
import PluginAPI
import RunModel

/// What an auditor asks.
extension ReportPage {
  var answers: Part {
    let body: Markup = """
      \(facts([
        ("Who approved", approvals.isEmpty ? "Nobody was asked to" : list(approvals.map(approver))),
        ("Evidence that admitted it", admission),
        ("Gates", gateSummary), ("Points of no return", noReturns.isEmpty ? "None crossed" : "\(noReturns.count) crossed"),
        ("Rollback", "\(reversibility)"), ("Chain of events", chain), ("Worked on by", list(workers)),
      ]))
      \(table("Approvals", ["Role", "Gate", "Person", .wide("Reason"), .when("Given")], approvals.map(approvalRow)))
      \(table("Gates, as they were judged last", ["Gate", "Kind", "State", .wide("Reason"), "By", .when("At")], gateRows))
      \(table("Points of no return", ["Step", "State", .wide("Why there is no way back")], noReturns))
      \(table("Evidence written by this run", ["Evidence", "Release", "Signer", "Valid", .when("Verified")], written))
      """
    return Part(id: "answers", title: "What an auditor asks", body: body)
  }

  // MARK: Approvals and gates

  private var approvals: [JSON] { report.dossier.approvals }

  private func approver(_ approval: JSON) -> Markup { "\(word(approval, "by_role")) for \(word(approval, "gate"))" }

  private func approvalRow(_ approval: JSON) -> [Markup] {
    [
      "\(word(approval, "by_role"))", "\(word(approval, "gate"))", "\(word(approval, "actor"))",
      "\(word(approval, "reason"))", moment(approval, "at"),
    ]
  }

  private var gateSummary: Markup {
    let gates = report.gates
    guard !gates.isEmpty else { return "None" }
    let closed = gates.filter { !$0.isOpen }.map(\.gate)
    return closed.isEmpty ? "\(gates.count), all open" : "\(gates.count); closed: \(closed.joined(separator: ", "))"
  }

  private var gateRows: [[Markup]] {
    report.dossier.gates.map { gate in
      let state = word(gate, "state")
      let mark =
        state == "open"
        ? StateMark("open", "✓", .good)
        : state == "closed" ? StateMark("closed", "■", .person) : StateMark(state, "⇢", .quiet)
      let by = [gate["decided_by"], gate["decided_role"]].compactMap { $0?.string }.joined(separator: ", as ")
      return [
        "\(word(gate, "gate"))", "\(word(gate, "kind"))", badge(mark), "\(gateReason(gate))", "\(by)",
        moment(gate, "decided_at"),
      ]
    }
  }

  private func gateReason(_ gate: JSON) -> String {
    let votes = report.gates.first { $0.gate == gate["gate"]?.string && $0.isVoted }.map {
      "\($0.given) of \($0.needed) votes"
    }
    return [votes, gate["reason"]?.string].compactMap { $0 }.joined(separator: "; ")
  }

  /// What the gates of evidence say, with what they judged by.
  private var admission: Markup {
    let gates = report.dossier.gates.filter {
      ["evidence", "soak"].contains($0["kind"]?.string) && $0["gate"]?.string == "run"
    }
    let spoken = report.events.filter { event in
      event.kind == EventKind.gateOpened.rawValue && event.data["evidence"] != nil
    }.map { "\($0.data["evidence"]?.string ?? $0.data["evidence"]?.text ?? "")" }
    guard !gates.isEmpty || !spoken.isEmpty else { return "None is required here" }
    return list(
      spoken.map { "\($0)" } + gates.map { "\(word($0, "state")): \(word($0, "reason"))\(details(of: $0["spec"]))" })
  }

  private func details(of spec: JSON?) -> String {
    guard let members = spec?.object?.members, !members.isEmpty else { return "" }
    return " (" + members.map { "\($0.key) \($0.value.string ?? $0.value.text)" }.joined(separator: ", ") + ")"
  }

  private var written: [[Markup]] {
    report.dossier.evidence.map { row in
      [
        mono(word(row, "evidence_id")),
        mono(String(word(row, "release_hash").drop { $0 == "\\" || $0 == "x" }.prefix(16))),
        "\(row["signer"]?.string ?? "not signed")", row["void"] == true ? "void" : "yes", moment(row, "verified_at"),
      ]
    }
  }

  // MARK: The way back

  /// Steps whose irreversible work is done, each with the reason.
  private var noReturns: [[Markup]] {
    report.steps.filter { $0.irreversible && $0.state == .done && $0.doneBy != .carried }.map { step in
      let reasons = programs(of: step.step).flatMap { $0.operations ?? [] }.flatMap(\.everyLeaf).compactMap {
        operation in
        if case .irreversible(let reason) = operation.undo { reason } else { nil }
      }
      return [link(to: step.step), badge(step.state.mark), "\(reasons.joined(separator: "; "))"]
    }
  }

  /// Where a rollback stands, or what one would find.
  var reversibility: String {
    let undone = report.steps.count { $0.state == .undone }
    switch report.run.state {
    case .rolledBack: return "Everything was taken back (\(undone) \(undone == 1 ? "step" : "steps"))."
    case .undoing: return "A rollback is under way: \(undone) taken back so far."
    case .rollbackFailed: return "A rollback failed after \(undone) \(undone == 1 ? "step" : "steps")."
    default: break
    }
    if let passed = report.run.noReturnAt { return "A point of no return was crossed at \(Instant.short(passed))." }
    return report.steps.contains { $0.state == .done }
      ? "No point of no return was crossed: it can be taken back." : "There is nothing to take back."
  }

  // MARK: The chain

  private var chain: Markup {
    switch report.audit {
    case .failure(let problem): return "\(badge(StateMark("not verified", "?", .person))): \(problem.reason)"
    case .success(let audit):
      let tail = audit.unsealed == 0 ? "" : "; \(audit.unsealed) events are not sealed yet, nothing is said of them"
      guard audit.isSound else {
        let places = audit.flaws.prefix(5).map { "event \($0.seq): \($0.wrong)" }.joined(separator: "; ")
        return "\(badge(StateMark("broken", "✗", .bad))) in \(audit.flaws.count) places (\(places))\(tail)"
      }
      return "\(badge(StateMark("sound", "✓", .good))): \(Int(audit.sealed)) sealed events are as they were\(tail)"
    }
  }

  private var workers: [Markup] {
    report.dossier.runners.map { runner in
      let count = Int(runner["attempts"]?.int ?? 0)
      return
        "process \(Int(runner["pid"]?.int ?? 0)) on \(word(runner, "host")) (\(word(runner, "version")), \(count) \(count == 1 ? "attempt" : "attempts"))"
    }
  }

  func word(_ row: JSON, _ key: String) -> String {
    switch row[key] {
    case .string(let text): text
    case .null, nil: ""
    case let other?: other.text
    }
  }

  private func moment(_ row: JSON, _ key: String) -> Markup { row[key]?.string.map(time) ?? "" }
}
