import CommandLineKit
import JSONText
import Journal
import PluginAPI
import RunModel
import SQLText

/// Locks, measures, and what was looked at.
extension ReportPage {
  // MARK: Locks and stalls

  var locks: Part {
    let declared = report.steps.flatMap { step in
      strongest(in: programs(of: step.step).flatMap { $0.operations ?? [] }).map { lock -> [Markup] in
        [
          link(to: step.step), mono(lock.relation.description), "\(lock.mode.rawValue)",
          lock.mode.stallsOthers ? "yes, at most \(limit(step.step))" : "no", "\(stall(of: step.step))",
        ]
      }
    }
    let met = report.events.filter { $0.kind == EventKind.note.rawValue }.map { event -> [Markup] in
      [time(event.at), event.step.map(link) ?? "", "\(event.data["text"]?.string ?? EventText.line(event))"]
    }
    let words: Markup = declared.isEmpty ? "<p class=\"muted\">No operation declares a lock.</p>" : ""
    let locks = table(
      "Strongest lock of each step on each relation",
      ["Step", "Relation", "Lock", "Others wait for it", "Longest stall measured"],
      declared)
    let notes = table("What was in the way, as the engine noted it", ["When", "Step", .wide("Note")], met)
    return Part(
      id: "locks", title: "Locks and stalls",
      body: """
        \(words)\(folded(locks, declared.count, "locks of steps on relations"))
        \(folded(notes, met.count, "notes of blockers and retries"))
        """)
  }

  private func strongest(in operations: [PluginAPI.Operation]) -> [RelationLock] {
    operations.flatMap(\.everyLeaf).flatMap(\.locks).reduce(into: []) { all, lock in
      if let place = all.firstIndex(where: { $0.relation == lock.relation }) {
        if all[place].mode < lock.mode { all[place] = lock }
      } else {
        all.append(lock)
      }
    }
  }

  /// As the plan has it.
  private func limit(_ step: String) -> String {
    report.plan.resolved["steps"]?[step]?["policy"]?["max_stall"]?.string ?? "max_stall"
  }

  /// Of this run, or of the one that carried out what it took over, as its evidence has it.
  private func stall(of step: String) -> String {
    let own = forward(step).compactMap { $0["stall_ms"]?.double }.max()
    guard let stall = own ?? kept(of: step)["max_stall_ms"]?.double else { return "not measured" }
    return Humanised.duration(.milliseconds(Int64(stall)))
  }

  // MARK: Measures

  var measures: Part {
    let rows = report.steps.filter { $0.attempt > 0 || $0.rowsDone > 0 }.map { step -> [Markup] in
      let attempts = attempts(of: step.step)
      let took = attempts.reduce(0) { $0 + $1.seconds }
      return [
        link(to: step.step), "\(Instant.span(seconds: took))", forecast(of: step.step), "\(attempts.count)",
        step.rowsDone > 0 ? "\(Humanised.count(Int64(step.rowsDone)))" : "", "\(step.tasksDone) of \(step.tasks)",
        list(measured(step.step)),
      ]
    }
    return Part(
      id: "measures", title: "Measures",
      body: table(
        "What each step took",
        [
          "Step", .number("At work"), .number("Forecast"), .number("Attempts"), .number("Rows"), .number("Operations"),
          .wide("Also measured"),
        ], rows))
  }

  /// What was foretold, and by what factor it was wrong.
  private func forecast(of step: String) -> Markup {
    guard let kept = report.dossier.forecast, let seconds = kept.body["steps"]?[step]?["seconds"]?.double else { return "" }
    let factor = ForecastComparison.steps(kept.body, measured: kept.measured)[step]?.factor
    let wrong = factor.map { ", took x\(($0 * 100).rounded() / 100)" } ?? ""
    return "\(Instant.span(seconds: seconds))\(wrong)"
  }

  /// What the journal has measured of a step, on the way there.
  private func forward(_ step: String) -> [JSON] {
    report.dossier.measures.filter { $0["step"]?.string == step && $0["direction"] == "forward" }
  }

  /// Rows of the journal or members of the evidence.
  private func measured(_ step: String) -> [Markup] {
    let rows = forward(step)
    let kept = rows.isEmpty ? [kept(of: step)["measures"]].compactMap { $0 } : rows
    let ids: Set = ["run_id", "step", "direction", "began_at", "ended_at", "named", "relations_after", "seconds", "rows"]
    return kept.flatMap { $0.object?.members ?? [] }.filter { !ids.contains($0.key) && !$0.value.isNull }.map {
      member in
      "\(member.key.replacing("_", with: " ")) \(quantity(member.key, member.value))"
    }
  }

  private func quantity(_ name: String, _ value: JSON) -> String {
    if name.hasSuffix("bytes"), let count = value.int { return Humanised.bytes(count) }
    if name.hasSuffix("_ms"), let count = value.double { return Humanised.duration(.milliseconds(Int64(count))) }
    if name.hasSuffix("seconds"), let count = value.double { return Instant.span(seconds: count) }
    if let count = value.int { return Humanised.count(count) }
    guard let members = value.object?.members else { return value.string ?? value.text }
    return members.filter { $0.key != "oid" }.map { "\($0.key): \(quantity($0.key, $0.value))" }.joined(separator: ", ")
  }

  /// What the run's own evidence says of a step.
  private func kept(of step: String) -> JSON { report.dossier.evidence.last?["body"]?["steps"]?[step] ?? .null }

  // MARK: Results of looks

  var results: Part {
    let looks = report.tasks.filter { $0.kind == "observe" && !($0.result?.object?.members.isEmpty ?? true) }
    let rows = looks.flatMap { task in
      (task.result?.object?.members ?? []).map { member -> [Markup] in
        [
          link(to: task.step), "\(task.title ?? task.operation)", mono(member.key), "\(answer(member.value))",
          time(task.changedAt),
        ]
      }
    }
    let all = table(
      "What was looked at, and found", ["Step", .wide("Operation"), "Query", "Result", .when("When")], rows)
    return Part(
      id: "results", title: "Results kept as evidence",
      body: folded(all, rows.count, "results"))
  }

  /// Folded where it would push all else off the screen.
  private func folded(_ table: Markup, _ rows: Int, _ what: String) -> Markup {
    rows > 24 ? fold("\(rows) \(what)", table) : table
  }

  /// A check that held, rows counted, or durations measured: row contents are never kept.
  private func answer(_ value: JSON) -> String {
    switch value {
    case .bool(true): return "holds"
    case .int(let count): return count == 1 ? "1 row" : "\(Humanised.count(count)) rows"
    case .array(let times):
      let sorted = times.compactMap(\.double).sorted()
      guard let least = sorted.first, let most = sorted.last else { return value.text }
      let texts = [least, sorted[sorted.count / 2], most].map { "\(($0 * 100).rounded() / 100)" }
      return "\(sorted.count) times: \(texts[0]) ms at least, median \(texts[1]) ms, \(texts[2]) ms at most"
    default: return value.string ?? value.text
    }
  }
}
