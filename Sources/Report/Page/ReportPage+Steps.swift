import CommandLineKit
import JSONText
import Journal
import PluginAPI
import RunModel

/// Each step: what it did, how often it was tried, what went wrong.
extension ReportPage {
  func programs(of step: String) -> [RunChronicle.CompiledProgram] { report.programs.filter { $0.record.step == step } }
  func attempts(of step: String) -> [AttemptRecord] { report.attempts.filter { $0.step == step } }

  var steps: Part {
    let index = ReportIndex(report)
    let articles = report.steps.map { article($0, index) }
    return Part(
      id: "steps", title: "Step by step",
      body: """
        <p class="tools" hidden><button type="button" data-open="yes">Open all</button> \
        <button type="button" data-open="no">Fold all</button></p>
        \(articles)
        """)
  }

  private func article(_ step: StepRecord, _ index: ReportIndex) -> Markup {
    let id = anchors[step.step] ?? ""
    let attempts = index.attempts[step.step] ?? []
    let findings = (index.programs[step.step] ?? []).flatMap { $0.record.findings.array ?? [] }
      .reduce(into: [JSON]()) { all, finding in if !all.contains(finding) { all.append(finding) } }
    let programs = (index.programs[step.step] ?? []).map { program($0, index.tasks[step.step] ?? []) }
    let reason: Markup = step.reason.map { "<p>\($0)</p>" } ?? ""
    return """
      <article id="\(id)" aria-labelledby="\(id)-h"><h3 id="\(id)-h">\(step.step) \(badge(step.state.mark))</h3>
      \(facts(stepFacts(step, attempts, index)))\(reason)\(told(findings))\(attempts.filter { $0.error != nil }.suffix(3).map(error))
      \(programs)\(takenBack(index.tasks[step.step] ?? []))\(parameters(of: step))\(attemptTable(step, attempts))</article>

      """
  }

  private func stepFacts(_ step: StepRecord, _ attempts: [AttemptRecord], _ index: ReportIndex) -> [(String, Markup)] {
    let events = index.events[step.step] ?? 0
    let took = attempts.reduce(0) { $0 + $1.seconds }
    let host = step.host.map { ", on \($0) only" } ?? ""
    return [
      ("Kind", "\(step.kind)\(host)"), ("Needs", list(step.needs.map(link))),
      ("Needed by", list(step.wantedBy.map(link))),
      ("Done by", step.doneBy.map { "\($0 == .carried ? "an earlier run" : $0.rawValue)" } ?? ""),
      (
        "At work",
        attempts.isEmpty
          ? "" : "\(Instant.span(seconds: took)) in \(attempts.count) \(attempts.count == 1 ? "attempt" : "attempts")"
      ),
      ("Rows", step.rowsDone > 0 ? "\(Humanised.count(Int64(step.rowsDone)))" : ""),
      ("Way back", step.irreversible ? "None: a point of no return" : ""),
      ("Specification", mono(String(step.specHash.prefix(16)))),
      ("Events", events == 0 ? "" : "<a href=\"#events\" data-events=\"\(step.step)\">\(events)</a>"),
    ]
  }

  private func told(_ findings: [JSON]) -> Markup {
    let lines = findings.map(finding)
    let warnings = findings.count { $0["severity"] == "warning" }
    guard lines.count > 3 else { return "\(lines)" }
    return fold("\(lines.count) findings, \(warnings) of them warnings", "\(lines)")
  }

  private func finding(_ finding: JSON) -> Markup {
    "<p class=\"muted\">\(word(finding, "severity")) \(mono(word(finding, "code"))): \(word(finding, "message"))</p>"
  }

  // MARK: Operations

  /// Those of a phase, each folded under its title; a program compiled anew stands under the one before.
  private func program(_ program: RunChronicle.CompiledProgram, _ tasks: [TaskRecord]) -> Markup {
    let record = program.record
    let own = tasks.filter {
      $0.phase == record.phase && $0.attempt == record.attempt && $0.direction == record.direction
    }
    let byOperation = Dictionary(grouping: own, by: \.operation)
    let way = record.direction == .undo ? "Rollback, phase" : "Phase"
    let again = record.attempt > 1 ? ", compiled \(record.attempt) times" : ""
    let heading: Markup = "\(way) \(record.name)\(again), \(time(record.compiledAt))"
    guard let operations = program.operations else {
      return fold("\(heading), as stored", "<pre tabindex=\"0\">\(record.operations.pretty)</pre>")
    }
    guard !operations.isEmpty else { return "<p>\(heading): nothing had to be done.</p>\n" }
    let folds = operations.enumerated().map { place, one -> Markup in
      let lines = describe(one, place + 1)
      let done = one.leaves.flatMap { byOperation[$0.id] ?? [] }
      return fold(
        "\(lines.first ?? one.title) \(standing(done))",
        "<pre tabindex=\"0\">\(Self.outdented(lines.dropFirst()))</pre>")
    }
    let count = operations.count == 1 ? "1 operation" : "\(operations.count) operations"
    return fold(
      "\(heading): \(count) \(standing(own))", open: operations.count <= 6, "<div class=\"inside\">\(folds)</div>")
  }

  /// Undo that was made with the operation itself has no program of its own.
  private func takenBack(_ tasks: [TaskRecord]) -> Markup {
    let undone = tasks.filter { $0.direction == .undo && $0.undoes != nil }
    let rows = undone.map { task -> [Markup] in
      ["\(task.title ?? task.operation)", badge(task.state.mark), time(task.changedAt)]
    }
    guard !rows.isEmpty else { return "" }
    return fold(
      "Rollback: \(rows.count) operations \(standing(undone))",
      table("Operations of the rollback", ["Operation", "State", .when("When")], rows))
  }

  private static func outdented(_ lines: ArraySlice<String>) -> String {
    let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(margin)) }.joined(separator: "\n")
  }

  /// Of all tasks of an operation: slices may be many.
  private func standing(_ tasks: [TaskRecord]) -> Markup {
    let marks = tasks.map(\.state.mark)
    let kinds = marks.reduce(into: [StateMark]()) { if !$0.contains($1) { $0.append($1) } }
    let rows = tasks.reduce(0) { $0 + $1.rowsDone }
    let count: Markup = rows > 0 ? "<span class=\"muted\"> \(Humanised.count(Int64(rows))) rows</span>" : ""
    let badges = kinds.map { mark -> Markup in
      marks.count == 1 ? badge(mark) : "\(badge(mark)) \(marks.count { $0 == mark }) of \(marks.count)"
    }
    return list(badges) + count
  }

  private func parameters(of step: StepRecord) -> Markup {
    guard let with = report.plan.resolved["steps"]?[step.step]?["with"], with != .null else { return "" }
    return fold("Parameters", "<pre tabindex=\"0\">\(with.pretty)</pre>")
  }

  // MARK: Attempts

  private func attemptTable(_ step: StepRecord, _ attempts: [AttemptRecord]) -> Markup {
    let rows = attempts.map { attempt -> [Markup] in
      [
        "\(attempt.attempt)\(attempt.direction == .undo ? ", rollback" : "")", badge(attempt.outcome.mark),
        time(attempt.startedAt),
        "\(Instant.span(seconds: attempt.seconds))", "\(attempt.backendPID.map { "\($0)" } ?? "")",
        "\(attempt.sqlState ?? "")",
        "\(attempt.error?["message"]?.string ?? "")",
      ]
    }
    let all = table(
      "Attempts at \(step.step)",
      ["Attempt", "Outcome", .when("Began"), .number("Took"), .number("Backend"), "SQLSTATE", .wide("Error")], rows)
    return attempts.isEmpty ? "" : fold("\(attempts.count) \(attempts.count == 1 ? "attempt" : "attempts")", all)
  }

  private func error(_ attempt: AttemptRecord) -> Markup {
    guard let error = attempt.error else { return "" }
    let state = (attempt.sqlState ?? error["sqlstate"]?.string).map { " (SQLSTATE \($0))" } ?? ""
    let rest = ["operation", "relation", "constraint", "hint"].compactMap { key in
      error[key]?.string.map { "\(key): \($0)" }
    }
    let statement: Markup = error["statement"]?.string.map { "<pre tabindex=\"0\">\($0)</pre>" } ?? ""
    return """
      <div class="error"><p><strong>Attempt \(attempt.attempt): \(error["message"]?.string ?? "failed")\(state)</strong></p>\
      \(rest.map { line -> Markup in "<p>\(line)</p>" })\(statement)</div>

      """
  }
}

/// Records by step: a run may have a thousand.
struct ReportIndex {
  let attempts: [String: [AttemptRecord]]
  let programs: [String: [RunChronicle.CompiledProgram]]
  let tasks: [String: [TaskRecord]]
  /// How many.
  let events: [String: Int]

  init(_ report: RunChronicle) {
    attempts = Dictionary(grouping: report.attempts, by: \.step)
    programs = Dictionary(grouping: report.programs, by: \.record.step)
    tasks = Dictionary(grouping: report.tasks, by: \.step)
    events = report.events.reduce(into: [:]) { counts, event in
      if let step = event.step { counts[step, default: 0] += 1 }
    }
  }
}
