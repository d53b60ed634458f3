/// Progress where nobody can watch it move: a line per change of state, and now and then one per running step.
package struct ProgressLog: Sendable {
  /// How the lines are written.
  package enum Format: Sendable { case plain, ndjson }

  private let format: Format
  private let every: Duration
  private var last: [String: (state: ProgressState, at: Duration)] = [:]

  package init(format: Format, every: Duration = .seconds(10)) {
    self.format = format
    self.every = every
  }

  /// The lines that the model calls for; time is the model's own.
  package mutating func lines(_ model: ProgressModel) -> [String] {
    model.steps.compactMap { step in
      guard isDue(step, at: model.elapsed) else { return nil }
      last[step.id] = (step.state, model.elapsed)
      return format == .plain ? plain(step, model) : record(step, model)
    }
  }

  private func isDue(_ step: ProgressLine, at now: Duration) -> Bool {
    guard let seen = last[step.id] else { return step.state != .pending }
    if seen.state != step.state { return true }
    return step.state.isActive && now - seen.at >= every
  }

  private func plain(_ step: ProgressLine, _ model: ProgressModel) -> String {
    var parts = ["\(step.id): \(step.state.word)"]
    if step.state.isActive || step.state.isTrouble {
      if let fraction = step.knownFraction { parts.append(Humanised.percent(fraction)) }
      if !step.title.isEmpty { parts.append(step.title) }
    }
    if let done = step.done {
      parts.append(
        step.state.isFinished ? step.unit.amount(done) : step.total.map { step.unit.amount(done, of: $0) }
          ?? step.unit.amount(done))
    }
    if step.state.isActive, let eta = step.eta { parts.append("eta \(Humanised.duration(eta))") }
    if step.state.isFinished, let elapsed = step.elapsed { parts.append("after \(Humanised.duration(elapsed))") }
    if let note = step.note { parts.append(note) }
    return DisplayText.singleLine("[\(Humanised.duration(model.elapsed))] " + parts.joined(separator: ", "))
  }

  private func record(_ step: ProgressLine, _ model: ProgressModel) -> String {
    let seconds = { (duration: Duration) in Document.number(Double(Humanised.milliseconds(duration)) / 1000) }
    var members: [(String, Document)] = [
      ("type", .string("progress")), (model.noun, .string(step.id)), ("state", .string(step.state.rawValue)),
      ("elapsed", seconds(model.elapsed)),
    ]
    if !step.title.isEmpty { members.append(("title", .string(step.title))) }
    if let fraction = step.knownFraction { members.append(("fraction", .number(fraction))) }
    if let done = step.done { members.append(("done", .integer(done))) }
    if let total = step.total { members.append(("total", .integer(total))) }
    if case .count(let name) = step.unit { members.append(("unit", .string(name))) }
    if case .bytes = step.unit { members.append(("unit", .string("bytes"))) }
    if let rate = step.rate { members.append(("rate", .number(rate))) }
    if let eta = step.eta { members.append(("eta", seconds(eta))) }
    if let elapsed = step.elapsed { members.append(("step_elapsed", seconds(elapsed))) }
    if let note = step.note { members.append(("note", .string(note))) }
    return Document.object(members).text(compact: true)
  }
}
