import CommandLineKit
import JSONText
import Journal
import RunModel

extension StepRecord {
  var json: JSON {
    [
      "step": .string(step), "uses": .string(kind), "state": .string(state.rawValue),
      "done_by": JSON(doneBy?.rawValue), "attempt": .int(Int64(attempt)), "phase": .int(Int64(phase)),
      "tasks": .int(Int64(tasks)), "tasks_done": .int(Int64(tasksDone)), "rows_done": .int(Int64(rowsDone)),
      "rows_total": rowsTotal.map { .int(Int64($0)) } ?? .null,
      "seconds": seconds.map { .seconds($0) } ?? .null, "reason": JSON(reason), "holder": JSON(holder),
      "holder_host": JSON(holderHost), "not_before": JSON(notBefore), "irreversible": .bool(irreversible),
    ]
  }

  /// The step as a progress line.
  var progressLine: ProgressLine {
    var line = ProgressLine(id: step, title: kind, state: ProgressState(rawValue: state.rawValue) ?? .pending)
    if attempt > 0 || state == .skipped { line.elapsed = seconds.map { .milliseconds(Int64($0 * 1000)) } }
    if rowsDone > 0 { line.done = Int64(rowsDone) }
    line.total = rowsTotal.map { Int64($0) }
    line.note = note
    return line
  }

  private var note: String? {
    var parts: [String] = []
    if let reason, !state.isSatisfied { parts.append(reason) }
    if let notBefore, state == .backoff { parts.append("again at \(Instant.short(notBefore))") }
    if let holderHost, state.isHeld {
      parts.append(leaseExpired ? "its runner on \(holderHost) is gone" : "on \(holderHost)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// `5 done, 1 failed`
  static func counts(_ steps: [StepRecord]) -> String {
    StepState.allCases.compactMap { state in
      let count = steps.count { $0.state == state }
      return count == 0 ? nil : "\(count) \(state.rawValue)"
    }.joined(separator: ", ")
  }
}

/// Instants of the server's clock.
enum Instant {
  /// To the second; the journal is read in UTC.
  static func short(_ text: String) -> String { text.prefix { $0 != "." && $0 != "+" } + "Z" }
}
