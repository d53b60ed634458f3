import JSONText
import PlanSchema
import PluginAPI

/// How a view is refreshed.
enum RefreshMode: String, CaseIterable, Sendable, Codable, ParameterValue { case auto, concurrently, full }

/// When, how and within which limits a view is refreshed; `matview.refresh` reads it from the register.
struct RefreshKeys: ParameterSet {
  @Parameter("How often, an interval or a cron time in UTC; default: whenever `matview.refresh` comes by.")
  var every: RefreshRhythm?
  @Parameter("`concurrently` lets readers go on; `full` is quicker; `auto`: concurrently where that is possible.")
  var mode = RefreshMode.auto
  @Parameter("Never more often than this, whatever asks for it.", tuning: true) var minInterval = TimeSpan.seconds(60)
  @Parameter("Only when a table has changed; needs the marks of `matview.trigger`.") var onlyIfChanged = false
  @Parameter("A refresh that takes longer is given up; the rows stay as they are.", tuning: true)
  var timeout = TimeSpan.minutes(30)

  func check(_ report: inout Diagnostics) {
    if timeout.milliseconds < 1 { report.error("matview.timeout", "longer than nothing", at: $timeout) }
  }
}

/// `15min`, or `30 3 * * *`.
enum RefreshRhythm: ParameterValue, Hashable {
  case interval(TimeSpan)
  case cron(CronExpression)

  static var shape: Shape { .oneOf([TimeSpan.shape, CronExpression.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> RefreshRhythm? {
    let text = node.text ?? ""
    if text.hasPrefix("@") || text.split(separator: " ").count > 4 {
      return CronExpression.read(node, &report).map(RefreshRhythm.cron)
    }
    return TimeSpan.read(node, &report).map(RefreshRhythm.interval)
  }

  var json: JSON {
    switch self {
    case .interval(let span): span.json
    case .cron(let cron): cron.json
    }
  }
}
