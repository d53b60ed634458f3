public import PlanSchema

/// What has to hold before a step is claimed, judged anew each time. While it does not, the step waits: that is neither
/// a failure nor a refusal, and everything that does not need the step goes on.
public enum GateCondition: Sendable, Hashable, CustomStringConvertible {
  /// The kind has looked for itself while it compiled, and it does not hold. It is asked again after so long.
  case closed(reason: String, again: TimeSpan)
  /// The server's clock is in one of these.
  case window([TimeWindow])
  /// So long ago, or longer, that step of the run was done.
  case soak(after: String, TimeSpan)
  /// So many database roles other than the one that began the run have approved the step.
  case approval(roles: Int)

  /// What `plan` shows.
  public var description: String {
    switch self {
    case .closed(let reason, let again): "closed: \(reason); asked again every \(again)"
    case .window(let windows): "opens in \(windows.map(\.description).joined(separator: ", "))"
    case .soak(let step, let span): "opens \(span) after \(step) is done"
    case .approval(let roles): "opens when \(roles == 1 ? "another role has" : "\(roles) other roles have") approved it"
    }
  }
}
