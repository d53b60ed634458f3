import CommandLineKit
import RunModel

/// A timeline as SVG: a row per step, all on one axis.
struct TimelineDrawing {
  private static let names = 190.0
  private static let row = 22.0
  private static let head = 26.0
  private static let span = 820.0

  let timeline: Timeline
  /// Where a step's name leads.
  let link: (String) -> String?

  var figure: Markup {
    let axis = TimeAxis(from: timeline.start, to: timeline.end, busy: timeline.busy, width: Self.span)
    let width = Self.names + axis.width + 24
    let height = Self.head + Double(timeline.rows.count) * Self.row + 6
    let rows = timeline.rows.enumerated().map { place, row in draw(row, Self.head + Double(place) * Self.row, axis) }
    return """
      <svg class="timeline" role="group" aria-labelledby="time-title time-desc" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)">
      <title id="time-title">When each step was at work</title>
      <desc id="time-desc">\(timeline.rows.count) rows on one axis of \(Instant.span(timeline.start, timeline.end)). \
      The same times stand in the sections of the steps.</desc>
      \(frame(axis, height))
      \(rows)</svg>
      """
  }

  private func frame(_ axis: TimeAxis, _ height: Double) -> Markup {
    let stripes = stride(from: 1, to: timeline.rows.count, by: 2).map { place -> Markup in
      let y = Self.head + Double(place) * Self.row
      return
        "<rect class=\"stripe\" x=\"0\" y=\"\(y)\" width=\"\(Self.names + axis.width + 24)\" height=\"\(Self.row)\"/>"
    }
    let gaps = axis.stretches.filter(\.isGap).map { gap -> Markup in
      let x = Self.names + gap.x
      let words = "nothing was at work for \(Instant.span(gap.from, gap.to))"
      return """
        <rect class="gap" x="\(x)" y="0" width="\(gap.width)" height="\(height)"><title>\(words)</title></rect>\
        <text class="tick" x="\(x + gap.width / 2)" y="11" text-anchor="middle">⋯</text>\
        <text class="tick" x="\(x + gap.width / 2)" y="22" text-anchor="middle">\(Instant.span(gap.from, gap.to))</text>
        """
    }
    let ticks = axis.ticks.map { tick -> Markup in
      let x = Self.names + tick.x
      return """
        <line class="grid" x1="\(x)" y1="\(Self.head - 4)" x2="\(x)" y2="\(height)"/>\
        <text class="tick" x="\(x)" y="14">\(tick.label)</text>
        """
    }
    return "<g>\(stripes)\(gaps)\(ticks)</g>"
  }

  private func draw(_ row: Timeline.Row, _ y: Double, _ axis: TimeAxis) -> Markup {
    let name = DisplayText.truncate(DisplayText.singleLine(row.title), to: 26)
    let label: Markup = "<text class=\"name\" x=\"4\" y=\"\(y + 15)\"><title>\(row.title)</title>\(name)</text>"
    let linked: Markup = row.step.flatMap(link).map { "<a href=\"\($0)\" tabindex=\"-1\">\(label)</a>" } ?? label
    let note: Markup =
      row.note.map { "<text class=\"tick\" x=\"\(Self.names + 4)\" y=\"\(y + 15)\">\($0)</text>" } ?? ""
    return "<g>\(linked)\(note)\(row.bars.map { bar($0, y, axis) })\(row.marks.map { mark($0, y, axis) })</g>\n"
  }

  private func bar(_ bar: Timeline.Bar, _ y: Double, _ axis: TimeAxis) -> Markup {
    let x = axis.x(bar.from)
    let width = max(axis.x(bar.to) - x, 2.5)
    let (style, inset): (String, Double) =
      switch bar.kind {
      case .work(let outcome, let direction):
        ("work \(direction == .undo && outcome == .ok ? "back" : outcome.mark.tone.rawValue)", 5)
      case .wait: ("wait", 8)
      case .gate: ("gate", 5)
      }
    return """
      <rect class="\(style)" x="\(Self.names + x)" y="\(y + inset)" width="\(width)" height="\(Self.row - 2 * inset)" rx="2">\
      <title>\(bar.label)</title></rect>
      """
  }

  private func mark(_ mark: Timeline.Mark, _ y: Double, _ axis: TimeAxis) -> Markup {
    let x = Self.names + axis.x(mark.at)
    let middle = y + Self.row / 2
    return """
      <path class="mark person" d="M\(x - 5) \(middle)L\(x) \(middle - 5)L\(x + 5) \(middle)L\(x) \(middle + 5)Z">\
      <title>\(mark.label)</title></path>
      """
  }
}
