package import JSONText
package import PlanSchema
package import YAMLTree

/// A plan with everything resolved for one environment.
package struct Plan: Sendable {
  package var name: String
  package var description: String?
  /// Every step after the steps it needs; otherwise in the order of the text.
  package private(set) var steps: [PlanStep]
  /// Thousands of steps each look up what they need.
  private let places: [String: Int]

  package init(name: String, description: String?, steps: [PlanStep]) {
    self.name = name
    self.description = description
    self.steps = steps
    places = Dictionary(zip(steps.map(\.id), steps.indices)) { first, _ in first }
  }

  package subscript(id: String) -> PlanStep? { places[id].map { steps[$0] } }

  package func with(steps: [PlanStep]) -> Plan { Plan(name: name, description: description, steps: steps) }

  /// A step keeps its id.
  package mutating func change(_ place: Int, _ change: (inout PlanStep) -> Void) {
    let id = steps[place].id
    change(&steps[place])
    precondition(steps[place].id == id)
  }
}

/// One step; those of a `for_each` are `id[1]`, `id[2]`, …
package struct PlanStep: Sendable {
  package var id: String
  /// The name of its step kind.
  package var uses: String
  /// Its parameters with marks, variables substituted: what the kind's `Parameters` read.
  package var with: Node
  /// Its parameters in canonical form, defaults included.
  package var withJSON: JSON
  /// Ids of steps that must be done before.
  package var needs: [String]
  package var policy: Policy
  /// Why it is not run here.
  package var skip: String?
  /// The host that runs it.
  package var host: String? = nil
  /// When it is run again by itself.
  package var schedule: Recurrence? = nil
  /// The step it goes along with; such a step is in no plan's text.
  package var attends: String? = nil
  /// Files its parameters refer to.
  package var files: [HashedFile]
  /// Where it stands in the plan.
  package var range: SourceRange
}

/// A file beside the plan, by content.
package struct HashedFile: Sendable, Hashable {
  package var path: String
  /// Hexadecimal.
  package var sha256: String
}

/// A plan file's keys.
struct PlanKeys: ParameterSet {
  @Parameter("Format version: 1.") var caisson: Int
  @Parameter("Name of the plan.") var plan: StepName
  @Parameter("What the plan is for.") var description: String?
  @Parameter("Variables with their values; one without a value must be set by the environment or --var.")
  var variables: OrderedMap<Unread> = [:]
  @Parameter("Variables whose values every command is given anew, and nothing keeps.")
  var privateVariables: [String] = []
  @Parameter("Policy of steps that do not say otherwise.") var defaults: PolicyKeys = PolicyKeys()
  @Parameter("Steps by id; `needs` orders them.") var steps: OrderedMap<Unread>

  static let unsupported = ["requires", "approvals", "windows", "schedule", "on", "limits", "blockers"]
  static let version = 1

  func check(_ report: inout Diagnostics) {
    if caisson != PlanKeys.version {
      report.error("plan.version", "format version \(caisson) is not known: this program reads 1", at: $caisson)
    }
    if steps.isEmpty { report.error("plan.empty", "a plan needs a step", at: $steps) }
  }
}

/// A step's own keys; the policy keys stand beside them.
struct StepKeys: ParameterSet {
  @Parameter("Step kind.") var uses: String
  @Parameter("Parameters of the step kind.") var with: Unread?
  @Parameter("Ids of steps that must be done before.") var needs: [Located<String>] = []
  @Parameter("Why the step is not run.") var skip: String?
  @Parameter("Host that runs it. Steps that write files or start programs run where the run was submitted [any].")
  var on: String?
  @Parameter("When the step is run again by itself, once it was applied; or none.") var schedule: ScheduleChoice?

  static let unsupported: [String] = []

  func check(_ report: inout Diagnostics) {
    if let skip, skip.allSatisfy(\.isWhitespace) {
      report.error("value.missing", "say why the step is skipped", at: $skip)
    }
    if let on, on.isEmpty || on.contains(where: \.isWhitespace) {
      report.error("value.invalid", "this is not the name of a host", at: $on)
    }
  }
}
