public import JSONText
public import PlanSchema

/// A kind of step: parameters declared once, and one verb.
///
/// A kind never executes anything. It reads facts and returns operations; the engine is the only part that writes.
public protocol StepKind: Sendable {
  associatedtype Parameters: ParameterSet

  /// What a plan writes after `uses:`.
  static var name: String { get }
  /// One sentence for `caisson plugins`.
  static var summary: String { get }
  /// Run in this order, each compiled just before it runs.
  static var phases: [String] { get }
  /// A step of a recurring kind runs again in a new run even when its spec is unchanged.
  static var recurring: Bool { get }
  /// A step of this kind is compiled before each claim, and claimed once its program's `gates` are all open.
  static var isGate: Bool { get }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program

  /// How long after the phase before it a phase is due; `nil`: at once. Until then the step counts as done, and a
  /// rollback does not meet it.
  static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan?

  /// What has to hold before a phase is begun, once those before it are done: the step waits there, and nothing is held
  /// meanwhile. An approval can be given from then on.
  static func gates(before phase: String, _ parameters: Parameters) -> [GateCondition]

  /// What workers do beside a step that stands; `nil`: nothing.
  static func attendant(_ parameters: Parameters) -> Attendant?
}

extension StepKind {
  public static var phases: [String] { ["apply"] }
  public static var recurring: Bool { false }
  public static var isGate: Bool { false }
  public static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan? { nil }
  public static func gates(before phase: String, _ parameters: Parameters) -> [GateCondition] { [] }
  public static func attendant(_ parameters: Parameters) -> Attendant? { nil }
}

/// One step of a plan, about to be compiled.
public struct Step<Parameters: ParameterSet>: Sendable {
  public let id: String
  public let parameters: Parameters
  /// One of the kind's phases, or a reverse phase named by an `Undo.recompile`.
  public let phase: String
  /// What the previous phase handed on.
  public let carry: JSON
  /// The role statements run as, when the environment sets one.
  public let role: String?
  /// Unique to the run and step: names of what a step creates for itself derive from it.
  public let runTag: String
  /// The longest that others may wait for the step: what would take longer under a lock is better said before.
  public let maxStall: TimeSpan

  public init(
    id: String, parameters: Parameters, phase: String, carry: JSON, role: String?, runTag: String,
    maxStall: TimeSpan = .milliseconds(500)
  ) {
    self.maxStall = maxStall
    self.id = id
    self.parameters = parameters
    self.phase = phase
    self.carry = carry
    self.role = role
    self.runTag = runTag
  }
}
