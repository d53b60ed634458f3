import Catalog
import CommandLineKit
import Engine
import JSONText
import PlanModel
import PlanSchema
import Rehearsal

/// What a rehearsal found, for a person and for a program.
struct RehearsalView {
  let report: RehearsalReport
  let chosen: ChosenEnvironment
  let took: Duration

  func show(on console: Console) -> ExitCode {
    if console.format == .text { text(console) } else { console.print(json) }
    return code
  }

  private var stopped: RunOutcome? {
    guard case .stopped(_, let run) = report.verdict else { return nil }
    return RunOutcome(run, .apply, chosen)
  }

  /// What keeps an apply from beginning keeps it from beginning here too; whatever else happened, it did not pass.
  private var code: ExitCode {
    if let stopped { return [.refused, .needsPerson].contains(stopped.code) ? stopped.code : .failed }
    return report.hasPassed ? .done : .failed
  }

  // MARK: Text

  private func text(_ console: Console) {
    let palette = console.output.palette
    if let stopped { explain(stopped, on: console) }
    var table = TextTable([.left("part"), .left("seconds"), .left("")])
    for stage in report.stages { table.add([stage.name, Self.seconds(stage.seconds), stage.text]) }
    console.print(table)
    for one in report.kept { console.print("stays: \(one.step ?? "")  \(one.reason)") }
    for one in report.omissions {
      console.print("\(one.isPart ? "in part" : "not rehearsed"): \(one.step.map { "\($0)  " } ?? "")\(one.reason)")
    }
    for line in differences { console.print(line) }
    let style: Style = report.hasPassed ? .green : .red
    console.print("\(palette(headline, style)) after \(Humanised.duration(took))")
    if report.isRemembered { console.print("the target's journal remembers it") }
    if let place = report.place { console.print("the clone is kept: \(place)") }
    console.print("next: \(next)")
  }

  private func explain(_ outcome: RunOutcome, on console: Console) {
    for (step, finding) in outcome.findings {
      console.note(console.error.palette(step, .bold))
      let text = FindingText(finding: finding, sources: chosen.resolved.diagnostics.sources)
      for line in text.lines(console.error.palette, indent: "  ") { console.note(line) }
    }
    for var problem in outcome.problems {
      (problem.state, problem.next) = ("the target was only read", nil)
      console.report(problem, by: [Tool.name, "rehearse"])
    }
  }

  private static func seconds(_ value: Double) -> String { String(Double(Int(value * 10)) / 10) }

  private var differences: [String] {
    guard case .differs(_, let changes) = report.verdict else { return [] }
    return changes.flatMap(\.lines)
  }

  private var headline: String {
    switch report.verdict {
    case .passed: "\(chosen.title): the rehearsal passed"
    case .differs(let stage, let changes):
      "\(chosen.title): after the \(stage) the catalog differs in \(changes.count == 1 ? "one object" : "\(changes.count) objects")"
    case .stopped(let stage, _): "\(chosen.title): the rehearsal failed in: \(stage)"
    }
  }

  private var next: String {
    report.hasPassed ? chosen.next("apply") : chosen.next("rehearse", "--keep")
  }

  // MARK: JSON

  private var json: JSON {
    var object = JSONObject([
      ("type", "rehearsal"), ("passed", .bool(report.hasPassed)), ("exit_code", .int(Int64(code.rawValue))),
      ("message", .string(headline)), ("seconds", .seconds(Double(took.milliseconds) / 1000)),
      ("rows", JSON(report.rows)), ("remembered", .bool(report.isRemembered)), ("clone", JSON(report.place)),
      ("parts", .array(report.stages.map { ["name": .string($0.name), "seconds": .seconds($0.seconds), "text": .string($0.text)] })),
      ("stays", .array(report.kept.map(Self.json))), ("not_rehearsed", .array(report.omissions.filter { !$0.isPart }.map(Self.json))),
      ("in_part", .array(report.omissions.filter(\.isPart).map(Self.json))),
    ])
    if case .differs(let stage, let changes) = report.verdict {
      object["after"] = .string(stage)
      object["differences"] = .array(
        changes.map { change in
          [
            "object": .string("\(change.name)"), "what": .string(change.verdict),
            "before": .array(change.before.map(JSON.string)), "after": .array(change.after.map(JSON.string)),
          ]
        })
    }
    if let stopped, !stopped.problems.isEmpty { object["errors"] = .array(stopped.problems.map { $0.json["error"] ?? .null }) }
    object["next"] = .string(next)
    return .object(object)
  }

  private static func json(_ one: RehearsalReport.Omission) -> JSON {
    ["step": JSON(one.step), "reason": .string(one.reason)]
  }
}
