/// One drawing of the progress as lines that never exceed the terminal's width and height. Pure: same input, same text.
package struct ProgressFrame: Sendable {
  package var columns: Int
  package var rows: Int
  package var utf8: Bool
  package var palette: Palette

  package init(columns: Int, rows: Int = 24, utf8: Bool = true, palette: Palette = .plain) {
    // The last column stays empty: some terminals wrap when it is written.
    self.columns = max(8, columns - 1)
    self.rows = max(2, rows - 1)
    self.utf8 = utf8
    self.palette = palette
  }

  /// The lines to show; `tick` counts the drawings.
  package func lines(_ model: ProgressModel, tick: Int = 0) -> [String] {
    let heading = Span.line([Span(header(model), .bold)], columns, palette)
    let shown = selection(model.steps)
    let column = shown.visible.map { DisplayText.width($0.id) }.max() ?? 0
    var lines = [heading]
    lines += omitted(shown.above)
    lines += shown.visible.flatMap { stepLines($0, idColumn: min(column, columns * 2 / 5), tick) }
    lines += omitted(shown.below)
    return lines
  }

  private func header(_ model: ProgressModel) -> String {
    var parts = [DisplayText.singleLine(model.title), "\(model.finished) of \(model.steps.count) \(model.noun)s"]
    parts.append(Humanised.duration(model.elapsed))
    return parts.joined(separator: "  ")
  }

  // MARK: One step

  private func stepLines(_ step: ProgressLine, idColumn: Int, _ tick: Int) -> [String] {
    let id = DisplayText.truncate(DisplayText.singleLine(step.id), to: idColumn, ellipsis: utf8 ? "…" : "~")
    var spans = [
      Span("  \(step.state.glyph(tick: tick, utf8: utf8)) ", step.state.style),
      Span(DisplayText.pad(id, to: idColumn), step.state.isFinished || step.state == .pending ? .dim : nil),
    ]
    spans += fitting(details(step), room: columns - 4 - idColumn)
    var lines = [Span.line(spans, columns, palette)]
    if let note = step.note, !step.state.isFinished {
      lines.append(Span.line([Span("    \(DisplayText.singleLine(note))", .yellow)], columns, palette))
    }
    return lines
  }

  /// What else there is to say, in reading order; where there is no room for all, higher numbers go first.
  private func details(_ step: ProgressLine) -> [(rank: Int, text: String)] {
    guard step.state.isActive || step.state.isTrouble else { return outcome(step) }
    var parts: [(rank: Int, text: String)] = []
    if step.state != .running { parts.append((0, step.state.word)) }
    if let fraction = step.knownFraction {
      parts.append((2, ProgressBar(cells: 20, utf8: utf8).text(fraction)))
      parts.append((0, DisplayText.pad(Humanised.percent(fraction), to: 4, right: true)))
    }
    if let done = step.done {
      parts.append((3, step.total.map { step.unit.amount(done, of: $0) } ?? step.unit.amount(done)))
    }
    if let rate = step.rate, rate > 0 { parts.append((5, "\(step.unit.amount(Int64(rate)))/s")) }
    if let eta = step.eta { parts.append((1, "eta \(Humanised.duration(eta))")) }
    if let elapsed = step.elapsed { parts.append((4, Humanised.duration(elapsed))) }
    if !step.title.isEmpty { parts.append((6, DisplayText.singleLine(step.title))) }
    return parts
  }

  private func outcome(_ step: ProgressLine) -> [(rank: Int, text: String)] {
    var parts: [(rank: Int, text: String)] = []
    if step.state.isFinished, step.state != .done { parts.append((0, step.state.word)) }
    if step.state.isFinished, let elapsed = step.elapsed { parts.append((1, Humanised.duration(elapsed))) }
    if step.state.isFinished, let done = step.done { parts.append((2, step.unit.amount(done))) }
    if step.state.isFinished, let note = step.note { parts.append((3, DisplayText.singleLine(note))) }
    return parts
  }

  private func fitting(_ details: [(rank: Int, text: String)], room: Int) -> [Span] {
    var kept = details
    while kept.reduce(0, { $0 + 2 + DisplayText.width($1.text) }) > room,
      let worst = kept.indices.max(by: { kept[$0].rank < kept[$1].rank }), kept.count > 1
    {
      kept.remove(at: worst)
    }
    return kept.map { Span("  \($0.text)", nil) }
  }

  // MARK: More steps than rows

  private func omitted(_ steps: ArraySlice<ProgressLine>) -> [String] {
    guard !steps.isEmpty else { return [] }
    let done = steps.count { $0.state.isFinished }
    let word = done == steps.count ? "done" : done == 0 ? "to come" : "more, \(done) of them done"
    return [Span.line([Span("  \(utf8 ? "⋮" : ":") \(steps.count) \(word)", .dim)], columns, palette)]
  }

  /// The window of steps around the first one that is not finished.
  private func selection(
    _ steps: [ProgressLine]
  ) -> (above: ArraySlice<ProgressLine>, visible: ArraySlice<ProgressLine>, below: ArraySlice<ProgressLine>) {
    let height = { (step: ProgressLine) in step.note != nil && !step.state.isFinished ? 2 : 1 }
    let room = rows - 1
    if steps.reduce(0, { $0 + height($1) }) <= room { return ([], steps[...], []) }
    let focus =
      steps.firstIndex { $0.state.isActive || $0.state.isTrouble } ?? steps.firstIndex { !$0.state.isFinished }
    let first = max(0, (focus ?? steps.count) - 1)
    var used = 2, end = first
    while end < steps.count, used + height(steps[end]) <= room {
      used += height(steps[end])
      end += 1
    }
    var start = first
    while start > 0, used + height(steps[start - 1]) <= room {
      start -= 1
      used += height(steps[start])
    }
    return (steps[..<start], steps[start..<end], steps[end...])
  }
}

/// A bar with eighths of a cell where the terminal has them.
package struct ProgressBar: Sendable {
  package var cells: Int
  package var utf8: Bool

  package init(cells: Int, utf8: Bool) {
    self.cells = cells
    self.utf8 = utf8
  }

  /// Exactly `cells` columns, plus the brackets of the ASCII form.
  package func text(_ fraction: Double) -> String {
    let fraction = fraction.isFinite ? max(0, min(1, fraction)) : 0
    guard utf8 else {
      let full = Int(fraction * Double(cells))
      return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full) + "]"
    }
    let eighths = Int(fraction * Double(cells * 8))
    let full = eighths / 8, part = Array("▏▎▍▌▋▊▉")
    let bar = String(repeating: "█", count: full) + (eighths % 8 > 0 ? String(part[eighths % 8 - 1]) : "")
    return bar + String(repeating: "░", count: cells - full - (eighths % 8 > 0 ? 1 : 0))
  }
}

/// A piece of a line in one style; lines are cut while they are still plain.
struct Span {
  var text: String
  var style: Style?

  init(_ text: String, _ style: Style?) {
    self.text = text
    self.style = style
  }

  /// The spans as one line of at most `columns`.
  static func line(_ spans: [Span], _ columns: Int, _ palette: Palette) -> String {
    var room = columns, result = ""
    for span in spans where room > 0 {
      let text = DisplayText.truncate(span.text, to: room)
      room -= DisplayText.width(text)
      result += span.style.map { palette(text, $0) } ?? text
      if text != span.text { break }
    }
    return result
  }
}
