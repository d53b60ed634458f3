package import JSONText
package import YAMLTree

/// When a step is run again by itself, and what happens to moments that could not be kept.
package struct Recurrence: Sendable, Hashable {
  package enum Timing: Sendable, Hashable {
    case cron(CronExpression, TimeZoneName)
    case every(TimeSpan)
  }

  /// A moment comes while the firing before it is not over.
  package enum Overlap: String, CaseIterable, Sendable, ParameterValue {
    case skip, queue
  }

  /// Moments passed while nobody looked.
  package enum CatchUp: String, CaseIterable, Sendable, ParameterValue {
    case none, latest, all
  }

  package var timing: Timing
  package var overlap: Overlap
  package var catchUp: CatchUp

  package init(_ timing: Timing, overlap: Overlap = .skip, catchUp: CatchUp = .latest) {
    self.timing = timing
    self.overlap = overlap
    self.catchUp = catchUp
  }
}

extension Recurrence: ParameterValue {
  package static var shape: Shape { RecurrenceKeys.shape }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> Recurrence? {
    guard let keys = RecurrenceKeys.read(node, &report) else { return nil }
    return keys.timing.map { Recurrence($0, overlap: keys.overlap, catchUp: keys.catchUp) }
  }

  /// As a plan would write it, everything spelled out.
  package var json: JSON {
    var object = JSONObject()
    switch timing {
    case .cron(let cron, let zone):
      object["cron"] = cron.json
      object["zone"] = zone.json
    case .every(let span): object["every"] = span.json
    }
    object["overlap"] = overlap.json
    object["catch_up"] = catchUp.json
    return .object(object)
  }
}

extension Recurrence.Timing: CustomStringConvertible {
  /// One line for people.
  package var description: String {
    switch self {
    case .cron(let cron, let zone): "\(cron) \(zone)"
    case .every(let span): "every \(span)"
    }
  }
}

/// The keys under `schedule:`.
struct RecurrenceKeys: ParameterSet {
  @Parameter("Five fields: minute, hour, day of month, month, day of week; or @daily and its kin.")
  var cron: CronExpression?
  @Parameter("Time zone of `cron`, by area and place.") var zone: TimeZoneName?
  @Parameter("A fixed interval instead of `cron`.") var every: TimeSpan?
  @Parameter("A moment that comes while the firing before it is not over: left out, or kept waiting.")
  var overlap: Recurrence.Overlap = .skip
  @Parameter("Moments passed while nothing was there to see them: none of them, the latest, all in order.")
  var catchUp: Recurrence.CatchUp = .latest

  static let intervals = TimeSpan.seconds(1)...TimeSpan.days(366)

  var timing: Recurrence.Timing? {
    if let every { return .every(every) }
    guard let cron, let zone else { return nil }
    return .cron(cron, zone)
  }

  func check(_ report: inout Diagnostics) {
    switch (cron, every) {
    case (nil, nil):
      report.error(
        "schedule.time", "a schedule needs `cron` with `zone`, or `every`", at: $cron,
        hint: "for example cron: \"30 3 * * Mon-Fri\", zone: Europe/Paris")
    case (.some, .some):
      report.error("schedule.time", "`every` does not go with `cron`: one of them says when", at: $every)
    case (.some, nil):
      guard zone == nil else { return }
      report.error(
        "schedule.zone", "a cron time needs the zone of its clock", at: $cron,
        hint: "write zone: with an area and a place, for example zone: Europe/Paris, or zone: UTC")
    case (nil, .some(let every)):
      if zone != nil { report.error("schedule.zone", "an interval has no time zone", at: $zone, hint: "remove it") }
      if !Self.intervals.contains(every) {
        report.error("value.range", "an interval is from 1s to 366 days", at: $every)
      }
    }
  }
}
