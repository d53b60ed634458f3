import Journal

/// Everything that happened, in order.
extension ReportPage {
  /// So many are folded together.
  private static let together = 200

  var events: Part {
    let events = report.events
    let groups = stride(from: 0, to: events.count, by: Self.together).map {
      events[$0..<min($0 + Self.together, events.count)]
    }
    let missing = report.eventCount - events.count
    let half = events.count / 2
    let folds = groups.enumerated().map { place, group -> Markup in
      let gap: Markup = missing > 0 && group.startIndex == half ? left(missing) : ""
      return gap
        + fold(
          summary(group), open: place == 0 || place == groups.count - 1, "<ul class=\"log\">\(group.map(line))</ul>")
    }
    return Part(id: "events", title: "Events", body: events.isEmpty ? "" : "\(tools)<div id=\"log\">\(folds)</div>")
  }

  private var tools: Markup {
    """
    <div class="tools" hidden><label>Words <input id="words" type="search" autocomplete="off"></label>\
    <label>Kind <select id="kind"><option value="">all</option></select></label>\
    <label>Step <select id="of-step"><option value="">all</option></select></label>\
    <p id="found" role="status"></p></div>

    """
  }

  private func left(_ count: Int) -> Markup {
    let run = String(report.run.id.prefix(8))
    return
      "<p><strong>\(count) events are not on this page.</strong> All are printed by \(mono("caisson events ENVIRONMENT --run \(run) --limit 1000000"))</p>\n"
  }

  private func summary(_ group: ArraySlice<EventRecord>) -> Markup {
    guard let first = group.first, let last = group.last else { return "" }
    let count = group.count == 1 ? "1 event" : "\(group.count) events"
    return "\(count), \(time(first.at)) to \(time(last.at))"
  }

  private func line(_ event: EventRecord) -> Markup {
    """
    <li data-kind="\(event.kind)" data-step="\(event.step ?? "")"><span class="when">\(Instant.precise(event.at))</span> \
    <span>\(EventText.line(event))</span></li>

    """
  }
}
