import PlanModel
import PlanSchema
import RunModel

extension ScheduleClock {
  /// Whether the server's clock is in one of the windows, each by its own zone. `asOf` is now, unless it is given.
  func standing(of windows: [TimeWindow], asOf given: Moment? = nil) async throws -> WindowStanding {
    var stretches: [(opens: Moment, closes: Moment)] = [], now: Moment?
    for (zone, members) in Dictionary(grouping: windows, by: \.zone).sorted(by: { $0.key.name < $1.key.name }) {
      let look = try await wallClock(zone, nil, given)
      now = now ?? look.instant
      let times = members.map { WindowTimes(of: $0, around: look.now) }
      let opens = try await instants(times.flatMap(\.opens), in: zone)
      stretches += zip(opens, try await instants(times.flatMap(\.closes), in: zone)).map { ($0, $1) }
    }
    guard let now else { return .closed(until: nil) }
    return WindowStanding(at: now, among: stretches)
  }
}
