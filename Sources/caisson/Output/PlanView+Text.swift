import CommandLineKit
import Engine
import PlanModel
import PluginAPI
import RunModel
import SQLText

extension PlanView {
  /// What a DBA reads before an apply: a block per step, and the way back at the end.
  func lines(_ palette: Palette = .plain) -> [String] {
    var lines = [palette(heading, .bold)] + evidenceLines(palette) + [""]
    for step in steps { lines += block(step, palette) + [""] }
    return lines + wayBack(palette) + forecastLines(palette) + refusalLines(palette)
  }

  /// Of the whole plan, also where only a part is shown; of one that is done there is nothing to say.
  private func forecastLines(_ palette: Palette) -> [String] {
    guard let forecast, !waiting.isEmpty else { return [] }
    return ForecastText(forecast: forecast, limits: resolved.environment.limits.freeDisk?.description).lines(palette)
  }

  private func forecastLine(_ step: Step) -> [String] {
    guard let plan = forecast?.plan, plan.hasBasis else { return [] }
    return [plan[step.step.id].map(ForecastText.line) ?? "forecast: no measurement yet"]
  }

  private var heading: String {
    var parts = ["\(waiting.count) of \(steps.count) steps to run"]
    if finishedCount > 0 { parts.append("\(finishedCount) done already") }
    let role = resolved.environment.role.map { " as \($0)" } ?? ""
    let windows = resolved.environment.windows.map(\.description)
    if !windows.isEmpty { parts.append("begun in \(windows.joined(separator: " or ")) only") }
    return "\(resolved.plan.name) on \(resolved.environment.targetName)\(role): " + parts.joined(separator: ", ")
  }

  private func evidenceLines(_ palette: Palette) -> [String] {
    guard let evidence else { return [] }
    if let closed = evidence.closed { return ["\(palette("gate", .yellow)) \(closed.kind): \(closed.text)"] }
    guard let run = evidence.run else { return [] }
    let proof = "run \(run.prefix(8)) of \(evidence.environment) has proven these steps"
    return ["\(palette("gate", .green)) evidence: \(proof)"] + evidence.notes.map { "  \($0)" }
  }

  private func block(_ step: Step, _ palette: Palette) -> [String] {
    let name = palette(step.step.id, .bold), kind = step.step.uses
    switch step.fate {
    case .skipped(let reason): return ["\(name)  \(kind)  skipped: \(reason)"]
    case .finished: return ["\(name)  \(kind)  done already"]
    case .prepared(let prepared):
      var lines = ["\(name)  \(kind)  \(palette(prepared.certainty.label, .cyan))"]
      lines += body(step, prepared, palette).map { "  \($0)" }
      return lines
    }
  }

  private func body(_ step: Step, _ prepared: Preparation.Prepared, _ palette: Palette) -> [String] {
    guard let compiled = prepared.compiled else {
      return ["compiled when that step is done: until then nobody can say what it will do"]
        + forecastLine(step) + findingLines(step, palette)
    }
    var lines: [String] = []
    lines += compiled.program.gates.map { "\(palette("gate", .yellow)) \($0)" }
    if compiled.isGate {
      if compiled.program.gates.isEmpty { lines.append("\(palette("gate", .green)) open") }
    } else if compiled.operations.isEmpty, compiled.program.refusals.isEmpty {
      lines.append("nothing to do: the database is as the step wants it")
    }
    for (place, operation) in compiled.operations.enumerated() {
      lines += OperationText(operation: operation).lines(number: place + 1, palette)
    }
    if compiled.phases > 1 {
      lines.append("then \(compiled.phases - 1) more phases, each compiled when its turn comes")
    }
    let windows = step.step.policy.windows.map(\.description)
    if !windows.isEmpty { lines.append("begins in \(windows.joined(separator: " or ")) only") }
    lines += step.locks.map { lockLine($0, maxStall: "\(step.step.policy.maxStall)") }
    return lines + forecastLine(step) + findingLines(step, palette)
  }

  private func lockLine(_ lock: RelationLock, maxStall: String) -> String {
    let size = sizes[lock.relation].map { " (\($0.text))" } ?? ""
    let effect = lock.mode.stallsOthers ? ": others wait for it, at most \(maxStall)" : ""
    return "lock \(lock.mode.rawValue) on \(lock.relation)\(size)\(effect)"
  }

  private func findingLines(_ step: Step, _ palette: Palette) -> [String] {
    step.findings.sorted { $0.severity > $1.severity }.flatMap {
      FindingText(finding: $0, sources: resolved.diagnostics.sources).lines(palette)
    }
  }

  // MARK: The way back

  private func wayBack(_ palette: Palette) -> [String] {
    guard let last = waiting.last else { return [] }
    // Of a step that is refused nobody knows what it would do.
    let refused = Set(refusals.map(\.step))
    guard let crossed = last.noReturn else {
      let unknown = waiting.filter { $0.prepared?.compiled == nil || refused.contains($0.step.id) }.map(\.step.id)
      guard unknown.count < waiting.count else { return ["way back: not known yet"] }
      let except = unknown.isEmpty ? "" : "; not known yet of \(unknown.joined(separator: ", "))"
      return ["way back: after every step a rollback takes back all that was done\(except)"]
    }
    let before = waiting.prefix { $0.noReturn == nil }.map(\.step.id).filter { !refused.contains($0) }
    var lines = ["way back:"]
    if !before.isEmpty {
      lines.append("  up to \(before.joined(separator: ", ")): a rollback takes back all that was done")
    }
    lines.append("  from \(palette(crossed.step, .bold)) on: none, a point of no return (\(crossed.reason))")
    return lines
  }

  private func refusalLines(_ palette: Palette) -> [String] {
    guard !refusals.isEmpty else { return [] }
    let steps = refusals.map(\.step).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let count = refusals.count == 1 ? "1 refusal" : "\(refusals.count) refusals"
    return ["", palette("\(count): apply would run nothing (\(steps.joined(separator: ", ")))", .red)]
  }

  // MARK: SQL alone

  /// Only statements, in the order they would run; comments say which step they belong to.
  var sql: [String] {
    waiting.flatMap { step -> [String] in
      guard let prepared = step.prepared else { return [] }
      var lines = ["-- \(step.step.id) (\(step.step.uses)): \(prepared.certainty.label)"]
      for leaf in step.operations.flatMap(\.leaves) {
        lines.append("-- \(DisplayText.singleLine(leaf.title))")
        let statements = leaf.sentStatements + leaf.checks.map { $0.sql }
        lines += statements.map(Self.terminated)
      }
      return lines + [""]
    }
  }

  private static func terminated(_ sql: SQL) -> String {
    let text = sql.printed
    let end = text.lastIndex { !$0.isWhitespace } ?? text.startIndex
    return text.isEmpty || text[end] == ";" ? text : String(text[...end]) + ";"
  }
}

extension RelationSize {
  /// `12 MB, about 3,000 rows`
  var text: String {
    let count = rows < 0 ? "never analysed" : "about \(Humanised.count(rows)) rows"
    return "\(Humanised.bytes(bytes)), \(count)"
  }
}
