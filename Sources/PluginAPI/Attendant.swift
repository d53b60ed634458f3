public import JSONText
public import PlanSchema

/// Work that goes on beside a step for as long as it stands: a recurring kind, fired by workers like a step with a
/// schedule, once the step was applied and until it is taken back. Its step is called `STEP:NAME`.
public struct Attendant: Sendable, Hashable {
  public var name: String
  /// A step kind.
  public var uses: String
  public var parameters: JSON
  public var every: TimeSpan

  public init(_ name: String, uses: String, _ parameters: JSON, every: TimeSpan) {
    self.name = name
    self.uses = uses
    self.parameters = parameters
    self.every = every
  }
}
