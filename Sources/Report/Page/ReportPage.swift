import JSONText
import Journal
package import PluginAPI
import RunModel

/// A run as one HTML file that needs nothing besides itself: no script, no network, no other file.
package struct ReportPage {
  let report: RunChronicle
  /// An operation's lines as `plan` prints them, by its number.
  let describe: (PluginAPI.Operation, Int) -> [String]
  /// What made the file.
  let generator: String
  let timeline: Timeline
  /// Anchors by step: names are for people.
  let anchors: [String: String]

  package init(
    _ report: RunChronicle, generator: String, describe: @escaping (PluginAPI.Operation, Int) -> [String]
  ) {
    self.report = report
    self.generator = generator
    self.describe = describe
    timeline = Timeline(report)
    anchors = Dictionary(
      report.steps.enumerated().map { ($1.step, "step-\($0 + 1)") }, uniquingKeysWith: { first, _ in first })
  }

  /// The whole file.
  package var html: String {
    let policy = ContentSecurity.policy(style: PageStyle.ofPage, script: PageScript.text)
    let title = title
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <meta name="generator" content="\(generator)">
      <title>\(title): \(report.run.state.mark.word)</title>
      <style>\(PageStyle.ofPage)</style>
      </head>
      <body>
      <a class="skip" href="#main">Skip to the report</a>
      \(header)
      \(navigation)
      <main id="main" tabindex="-1">
      \(parts.map(\.markup))
      </main>
      <footer><p>Made by \(generator) from the journal of \(target) as it was at \(time(report.dossier.asOf)). \
      Times are UTC, by the server's clock.</p></footer>
      <script>\(PageScript.text)</script>
      </body>
      </html>
      """
    return page.text + "\n"
  }

  private var title: String { "\(report.run.plan) on \(report.run.environment)" }

  private var target: String { report.dossier.identity["target_name"]?.string ?? report.run.target }

  private var header: Markup {
    """
    <header>
    <p class="product">Caisson run report</p>
    <h1>\(title) \(badge(report.run.state.mark))</h1>
    <p class="lead">\(lead)</p>
    \(facts)
    </header>
    """
  }

  /// The run in two sentences.
  private var lead: String {
    let counts = StepState.allCases.compactMap { state -> String? in
      let count = report.steps.count { $0.state == state }
      return count == 0 ? nil : "\(count) \(state.mark.word)"
    }
    let steps = report.steps.count == 1 ? "1 step" : "\(report.steps.count) steps"
    let carried = report.steps.count { $0.doneBy == .carried }
    let earlier = carried == 0 ? "" : " (\(carried) of them by an earlier run)"
    return "\(steps): \(counts.joined(separator: ", "))\(earlier). \(reversibility)"
  }

  private var facts: Markup {
    let run = report.run
    let plan = report.plan
    let identity = report.dossier.identity
    return facts([
      ("Run", mono(run.id)), ("Environment", "\(run.environment)"),
      ("Database", "\(identity["database"]?.string ?? "?") on system \(identity["system_id"]?.string ?? "?")"),
      ("Journal", "\(mono(identity["journal_id"]?.string ?? "?")), target name \(target)"),
      ("Started by", "\(run.startedBy)\(run.host.map { " on \($0)" } ?? "")"), ("Started", time(run.createdAt)),
      ("Finished", run.finishedAt.map(time) ?? "not yet"), ("Duration", "\(Instant.span(seconds: run.seconds))"),
      ("Engine", "\(plan.engineVersion), PostgreSQL \(serverVersion)"), ("Plan hash", mono(run.planHash)),
      ("Release hash", mono(plan.releaseHash)),
      ("Variant", run.variant.isEmpty ? "" : "\(run.variant)"),
    ])
  }

  private var serverVersion: String {
    guard let number = report.dossier.identity["server_version"]?.int else { return "?" }
    return "\(number / 10_000).\(number % 10_000)"
  }

  private var navigation: Markup {
    let links = parts.map { part -> Markup in "<li><a href=\"#\(part.id)\">\(part.title)</a></li>" }
    return "<nav aria-label=\"Sections\"><ul>\(links)</ul></nav>"
  }

  private var parts: [Part] {
    [answers, graph, gantt, locks, measures, results, steps, events].filter { !$0.body.isEmpty }
  }

  private var graph: Part {
    let drawing = (try? report.graph).map { GraphDrawing($0) { anchors[$0].map { "#\($0)" } }.figure }
    return Part(
      id: "graph", title: "Steps and what they need",
      body: drawing.map { "\(scroll("Graph of the steps", $0))\(legend)" } ?? "")
  }

  /// Only what is seen above it.
  private var legend: Markup {
    let states = StepState.allCases.filter { state in report.steps.contains { $0.state == state } }
    return "<ul class=\"legend\">\(states.map { state -> Markup in "<li>\(badge(state.mark))</li>" })</ul>"
  }

  private var gantt: Part {
    let drawing = TimelineDrawing(timeline: timeline) { anchors[$0].map { "#\($0)" } }.figure
    return Part(
      id: "timeline", title: "Timeline",
      body: """
        \(scroll("Timeline of the steps", drawing))
        <p class="muted">Filled: at work, in the colour of how it ended. Dashed: waiting to be tried again, or at a closed gate. \
        Diamonds: approvals and gates that opened. Stretches in which nothing was at work are drawn short.</p>
        """)
  }
}
