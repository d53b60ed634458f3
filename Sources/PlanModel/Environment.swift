package import JSONText
package import PlanSchema
internal import SQLText
package import YAMLTree

/// Where and how a plan runs: one small file.
package struct Environment: Sendable, Hashable {
  package var name: String
  package var target: ConnectionReference
  /// Which of the environment's `targets` it is; `nil`: there is only the one.
  package var targetKey: String?
  /// For what needs a session, where `target` goes through a pooler.
  package var sessionTarget: ConnectionReference?
  /// `SET LOCAL ROLE` in every transaction; as the catalog spells it.
  package var role: String?
  /// Steps whose points of no return may be crossed.
  package var acceptIrreversible: [String]
  package var blockers: Blockers
  /// How many other database roles have to approve a run before its first step.
  package var approvals = 0
  /// When steps may begin; none: always.
  package var windows: [TimeWindow] = []
  package var windowEnd = WindowEnd.finish
  package var limits = Limits.none
  /// How long a runner that is not heard of keeps what it holds. No part of a plan's hash.
  package var lease = Environment.usualLease
  /// What has to be proven in another environment first; `nil`: nothing.
  package var requires: EvidenceRequirement?
  /// The key that signs what runs here prove. No part of a plan's hash.
  package var signingKey: Secret?

  package static let usualLease = TimeSpan.seconds(30)
}

/// What happens to a step that is at work when the last window closes.
package enum WindowEnd: String, CaseIterable, Sendable, ParameterValue {
  /// It goes on to its end; no other step begins.
  case finish
  /// It stops at its next checkpoint.
  case pause
}

/// An environment file's keys.
struct EnvironmentKeys: ParameterSet {
  @Parameter("Name of the environment.") var environment: StepName
  @Parameter("The plan's file, beside this one.") var plan = "plan.yaml"
  @Parameter("Database: a libpq URI, keyword string or service=NAME, sandbox, or sandbox:NAME.")
  var target: ConnectionReference?
  @Parameter("Many databases by name, in the order of a rollout's waves; in place of `target`.")
  var targets: OrderedMap<ConnectionReference>?
  @Parameter("The same database without the pooler, for what needs a session.")
  var sessionTarget: ConnectionReference?
  @Parameter("The same databases without their poolers, by the names of `targets`.")
  var sessionTargets: OrderedMap<ConnectionReference> = [:]
  @Parameter("Role set in every transaction.") var role: Identifier?
  @Parameter("Values for the plan's variables.") var variables: OrderedMap<Unread> = [:]
  @Parameter("Key of the tokens that stand for the values of private variables.") var tokenKey: Secret?
  @Parameter("Changes to the plan's steps, merged by step id.") var steps: OrderedMap<Unread> = [:]
  @Parameter("Sessions in the way: wait names them; those of some roles can be ended.") var blockers: Blockers = .wait
  @Parameter("Steps whose points of no return may be crossed.") var acceptIrreversible: [Located<String>] = []
  @Parameter("How many other database roles have to approve a run before its first step.") var approvals = 0
  @Parameter("When steps may begin, by the clocks of their zones: Mon-Fri 01:00-05:00 Europe/Paris [always].")
  var windows = TimeWindows(all: [])
  @Parameter("A step still at work when a window closes: it finishes, or pauses at its next checkpoint.")
  var windowEnd = WindowEnd.finish
  @Parameter("What must not run out: past one of these work stops and no step begins.") var limits: LimitKeys?
  @Parameter("How long a runner that is not heard of keeps its steps: 5s to 1h.") var lease = Environment.usualLease
  @Parameter("What has to be proven in another environment before this one runs.") var requires: RequirementKeys?
  @Parameter("Private key that signs the evidence of this environment's runs.") var signingKey: DeferredSecret?

  /// Keys of the language this version does not act on: refused, never ignored.
  static let unsupported = ["window", "schedule", "on", "trust"]

  /// The environment for one of its databases.
  func value(for target: ConnectionReference, session: ConnectionReference?, key: String?) -> Environment {
    Environment(
      name: environment.text, target: target, targetKey: key, sessionTarget: session, role: role?.name,
      acceptIrreversible: acceptIrreversible.map(\.value), blockers: blockers, approvals: approvals,
      windows: windows.all, windowEnd: windowEnd, limits: limits?.value ?? .none,
      lease: lease, requires: requires?.value, signingKey: signingKey?.secret)
  }

  func check(_ report: inout Diagnostics) {
    checkTargets(&report)
    if !(0...100).contains(approvals) {
      report.error("value.range", "between 0 and 100 approvals can be asked for", at: $approvals)
    }
    if tokenKey?.plainText != nil {
      report.error(
        "secret.literal", "a key stands in the file in plain text", at: $tokenKey,
        hint: "write ${env:NAME} or ${file:path} in its place")
    }
    checkEvidence(&report)
    if !(TimeSpan.seconds(5)...TimeSpan.seconds(3600)).contains(lease) {
      report.error("value.range", "a lease lasts between 5s and 1h", at: $lease)
    }
  }
}

extension EnvironmentKeys {
  private func checkEvidence(_ report: inout Diagnostics) {
    if let signingKey, !signingKey.secret.isOneReference {
      report.error(
        "secret.literal", "a signing key is a reference and nothing else", at: $signingKey,
        hint: "write ${file:path} or ${env:NAME}; caisson evidence keygen makes one")
    }
    guard let requires else { return }
    if requires.environment.text == environment.text {
      report.error(
        "evidence.same", "an environment cannot prove anything to itself", at: requires.$environment,
        hint: "name the environment that runs before this one")
    }
    guard case .target(let from) = requires.from else { return }
    if values.contains(where: { $0.target.standing(for: environment.text) == from.standing(for: requires.environment.text) }) {
      report.error(
        "evidence.same", "this is the database that the plan is for, and it cannot prove anything to itself",
        at: requires.$from, hint: "name the database of \(requires.environment.text)")
    }
  }
}

extension ConnectionReference {
  /// A sandbox without a name is the database named like its environment.
  fileprivate func standing(for environment: String) -> String {
    if case .sandbox(let name) = self { "sandbox:\(name ?? environment)" } else { description }
  }
}

extension Secret {
  /// A file's or a variable's content as it is.
  fileprivate var isOneReference: Bool {
    guard segments.count == 1 else { return false }
    switch segments[0] {
    case .file, .environment: return true
    case .text, .privateVariable: return false
    }
  }
}

extension Environment {
  /// As an environment file would write it, what belongs to the plan left out.
  package var json: JSON {
    var object = JSONObject([("environment", .string(name))])
    if let targetKey {
      // Its own database only: another one added beside it changes nothing here.
      object["targets"] = .object(JSONObject([(targetKey, target.json)]))
      object["session_targets"] = sessionTarget.map { .object(JSONObject([(targetKey, $0.json)])) }
    } else {
      object["target"] = target.json
      object["session_target"] = sessionTarget?.json
    }
    object["blockers"] = blockers.json
    object["role"] = role.map { Identifier($0).json }
    if approvals > 0 { object["approvals"] = .int(Int64(approvals)) }
    if !windows.isEmpty {
      object["windows"] = windows.json
      object["window_end"] = windowEnd.json
    }
    if !limits.isEmpty { object["limits"] = limits.json }
    object["requires"] = requires?.json
    if !acceptIrreversible.isEmpty { object["accept_irreversible"] = acceptIrreversible.json }
    return .object(object)
  }

  /// Reads what `json` wrote.
  package init(json: JSON) throws(InvalidInput) {
    let all = try EnvironmentKeys.read(json: json).values
    guard all.count == 1 else { throw FrozenPlan.malformed("it has \(all.count) databases") }
    self = all[0]
  }
}

/// A value whose reader is chosen later.
struct Unread: ParameterValue {
  var node: Node
  static var shape: Shape { .any }
  static func read(_ node: Node, _ report: inout Diagnostics) -> Unread? { Unread(node: node) }
  var json: JSON { node.json }
}

/// The name of a step, a plan, an environment or a rollout.
package struct StepName: ParameterValue, Hashable {
  package var text: String

  /// Letters, digits, `-`, `_` and `.`, starting with a letter or digit, at most 63.
  static func isValid(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func isPlain(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard let first = bytes.first, isPlain(first), bytes.count <= 63 else { return false }
    return bytes.allSatisfy { isPlain($0) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0) }
  }

  package static var shape: Shape { .named("identifier", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$") }
  package static func read(_ node: Node, _ report: inout Diagnostics) -> StepName? {
    guard let text = report.text(node, wanted: "a name") else { return nil }
    if isValid(text) { return StepName(text: text) }
    report.error("name.form", "`\(text)` is not a name", at: node.range, hint: rule)
    return nil
  }
  static let rule = "letters, digits, `-`, `_` and `.`, starting with a letter or digit, at most 63"
  package var json: JSON { .string(text) }
}
