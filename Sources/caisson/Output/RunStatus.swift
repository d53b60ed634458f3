import CommandLineKit
import Engine
import JSONText
import Journal
import RunModel

/// A run as the journal knows it at one moment.
struct RunStatus: Sendable {
  let run: RunRecord
  let steps: [StepRecord]
  let holders: [RunnerRecord]
  let gates: [GateRecord]
  let approvals: [ApprovalRecord]
  /// What may still be open, and how a person closes it.
  let open: [(step: String, title: String, close: [String])]
  /// Events that are not in the chain yet.
  let unsealed: Int
  let schedules: [ScheduleRecord]
  /// What let it begin, where its environment requires that.
  let evidence: EvidenceRecord?
  let forecast: ForecastRecord?
  /// What plugins know beyond the run.
  let standing: [PluginStatus]
  let chosen: ChosenEnvironment

  init(_ id: String, _ reader: JournalReader, _ chosen: ChosenEnvironment) async throws {
    guard let run = try await reader.run(id) else {
      throw CommandFailure(.failed, "run \(id.prefix(8)) is gone from the journal", next: chosen.next("history"))
    }
    self.run = run
    self.chosen = chosen
    steps = try await reader.steps(run: id)
    holders = try await reader.holders(run: id)
    gates = try await reader.gates(run: id)
    approvals = try await reader.approvals(runs: [id])
    open = try await reader.openBrackets(run: id)
    unsealed = try await reader.unsealedEvents()
    schedules = try await reader.schedules(of: chosen)
    evidence = try await reader.acceptedEvidence().last { $0.admits == id }
    forecast = try await reader.forecasts(of: [id])[id]
    standing = try await PluginStatus.read(reader.connection)
  }

  /// Whether somebody's work may still change it.
  var isMoving: Bool { [.queued, .running, .waiting, .undoing].contains(run.state) && (isHeld || !isOver) }

  private var isOver: Bool { steps.allSatisfy { $0.state.isSatisfied || $0.state == .undone } }

  /// Gates that something waits at: a step may have been set aside under a closed one.
  var closed: [GateRecord] {
    guard run.finishedAt == nil else { return [] }
    let over = Set(steps.filter { $0.state.isSatisfied }.map(\.step))
    return gates.filter { gate in !gate.isOpen && !(gate.step.map(over.contains) ?? false) }
  }

  /// A runner has it whose lease has not run out and whose process, where we can see it, lives.
  private var isHeld: Bool { holders.contains { ($0.leaseSeconds ?? 0) > 0 && !$0.isGone } }

  /// The exact next command; `nil` when there is nothing left to do.
  var next: String? {
    if let step = steps.first(where: { $0.state == .blocked }) {
      return chosen.next("mark-done", step.step, "--reason", "...")
    }
    // A run taken back in part goes only one way: all of it, before it can be applied anew.
    if steps.contains(where: { $0.state == .undone }), run.finishedAt == nil { return chosen.next("rollback") }
    if let gate = closed.first {
      return gate.isVoted ? chosen.next("approve", gate.step ?? gate.gate) : chosen.next("apply", "--wait")
    }
    switch run.state {
    case .succeeded, .canceled, .superseded: return nil
    case .rolledBack: return chosen.next("apply")
    case .rollbackFailed: return chosen.next("rollback")
    case .undoing: return isHeld ? chosen.next("status", "--watch") : chosen.next("rollback")
    case .running: return isHeld ? chosen.next("status", "--watch") : chosen.next("resume")
    case .queued, .waiting, .paused, .failed: return chosen.next("resume")
    }
  }

  private var heading: String {
    "\(run.plan) on \(run.target), run \(run.id.prefix(8)): \(run.state.rawValue)"
      + (run.desired == .run || run.finishedAt != nil ? "" : ", shall \(run.desired.rawValue)")
  }

  /// The same picture that a running apply draws.
  var model: ProgressModel {
    ProgressModel(title: heading, elapsed: .milliseconds(Int64(run.seconds * 1000)), steps: steps.map(progressLine))
  }

  private func progressLine(_ step: StepRecord) -> ProgressLine {
    var line = step.progressLine
    guard let forecast, let seconds = forecast.seconds(of: step.step), seconds >= 0.1 else { return line }
    let said = forecast.steps[step.step]?.text ?? "forecast \(ForecastText.duration(seconds))"
    line.note = [line.note, said].compactMap { $0 }.joined(separator: ", ")
    return line
  }

  func lines(columns: Int, _ terminal: Terminal) -> [String] {
    let frame = ProgressFrame(
      columns: columns, rows: .max / 2, utf8: terminal.hasUTF8 || !terminal.isTerminal, palette: terminal.palette)
    var lines = frame.lines(model)
    lines.append("started by \(run.startedBy) at \(Instant.short(run.createdAt))")
    if let total = forecast?.total { lines.append("\(total.text): its steps took \(ForecastText.duration(total.measured)) of work") }
    if let evidence { lines.append("let begin by run \(evidence.run.prefix(8)) of \(evidence.environment)") }
    lines += holders.map { "held by \($0.text)" }
    lines += approvals.map(\.text)
    lines += closed.compactMap { ClosedGate($0)?.text }
    if run.desired != .run, run.finishedAt == nil, let by = run.desiredBy {
      lines.append("\(run.desired.rawValue) asked for by \(by)" + (run.desiredReason.map { ": \($0)" } ?? ""))
    }
    for bracket in open {
      lines.append("open in \(bracket.step): \(bracket.title)" + (isHeld ? "" : "; resume or rollback closes it first"))
      if !isHeld { lines += bracket.close.map { "  by hand: \($0)" } }
    }
    if let due = run.finalizeDue { lines.append("finalize due at \(Instant.short(due))") }
    if let passed = run.noReturnAt { lines.append("past a point of no return since \(Instant.short(passed))") }
    lines += schedules.map { schedule in
      let next = schedule.pausedBy.map { "is paused by \($0)" }
        ?? "fires next at \(schedule.nextAt.map(Instant.short) ?? "no time")"
      return "schedule of \(schedule.step) \(next)"
    }
    lines += standing.flatMap(\.lines)
    if unsealed > 0 { lines.append("\(unsealed) events of this journal are not sealed yet") }
    if let next { lines.append("next: \(next)") }
    return lines
  }

  var json: JSON {
    var object = JSONObject([("run", run.json), ("steps", .array(steps.map(\.json)))])
    object["holders"] = .array(holders.map(\.json))
    object["gates"] = .array(gates.map(\.json))
    object["approvals"] = .array(approvals.map(\.json))
    if !schedules.isEmpty {
      object["schedules"] = .array(schedules.map { ScheduleView(step: $0.step, planned: nil, record: $0).json })
    }
    object["evidence"] = evidence.map { ["evidence": .string($0.id), "environment": .string($0.environment), "run": .string($0.run)] }
    object["forecast"] = forecast?.json
    object["open"] = .array(
      open.map { ["step": .string($0.step), "title": .string($0.title), "close": .array($0.close.map(JSON.string))] })
    for status in standing { object[status.name] = .array(status.details) }
    object["unsealed_events"] = .int(Int64(unsealed))
    object["next"] = next.map(JSON.string)
    return .object(object)
  }
}

extension RunnerRecord {
  /// Proven dead from here, which only its own host can.
  var isGone: Bool {
    deadAt != nil || ThisProcess.isDead(host: host, bootID: bootID, pid: processID, start: processStart)
  }

  var text: String {
    let lease = leaseSeconds.map { $0 > 0 ? ", lease for another \(Int($0)) s" : ", lease has run out" } ?? ""
    return "process \(processID) on \(host)" + (isGone ? ", which is gone" : lease)
  }

  var json: JSON {
    [
      "runner": .string(id), "host": .string(host), "pid": .int(Int64(processID)), "version": .string(version),
      "gone": .bool(isGone), "holds": .array(holds.map(JSON.string)),
      "lease_seconds": leaseSeconds.map { .seconds($0) } ?? .null, "seen_at": .string(seenAt),
    ]
  }
}

extension ApprovalRecord {
  var text: String {
    "\(subject) approved by role \(role) (\(actor)) at \(Instant.short(at))" + (reason.map { ": \($0)" } ?? "")
  }

  var json: JSON {
    [
      "what": .string(subject), "role": .string(role), "actor": .string(actor), "at": .string(at), "reason": JSON(reason),
    ]
  }
}

extension RunRecord {
  var json: JSON {
    [
      "run": .string(id), "plan": .string(plan), "environment": .string(environment), "plan_hash": .string(planHash),
      "target": .string(target), "state": .string(state.rawValue), "desired": .string(desired.rawValue),
      "host": JSON(host), "started_by": .string(startedBy), "created_at": .string(createdAt),
      "finished_at": JSON(finishedAt), "finalize_due": JSON(finalizeDue), "seconds": .seconds(seconds),
    ]
  }
}
