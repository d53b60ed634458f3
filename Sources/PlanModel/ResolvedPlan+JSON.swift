internal import Digest
package import JSONText
package import PlanSchema
internal import YAMLTree

/// The canonical form of a resolved plan, version 1.
extension ResolvedPlan {
  private static let version: JSON = 1

  static func json(_ plan: Plan, _ environment: Environment) -> JSON {
    [
      "canonical": version,
      "caisson": .int(Int64(PlanKeys.version)),
      "plan": .string(plan.name),
      "environment": environment.json,
      // By id: the order of the text is for reading, and no part of the hash.
      "steps": .object(JSONObject(plan.steps.map { ($0.id, $0.json) })),
    ]
  }

  /// The plan as its file has it, without words for people, with the files its steps refer to.
  static func release(_ source: Node, _ plan: Plan) -> JSON {
    let files = plan.steps.flatMap(\.files).map { ($0.path, JSON.string($0.sha256)) }
    let unique = Dictionary(files, uniquingKeysWith: { first, _ in first })
    return [
      "canonical": version,
      "plan": source.without("description").json,
      "files": .object(JSONObject(unique.map { ($0.key, $0.value) })),
    ]
  }

  /// Reads what the journal kept. Marks are gone; hashes and parameters are those of the run.
  package init(frozen json: JSON, releaseHash: String) throws(InvalidInput) {
    guard json["canonical"] == ResolvedPlan.version, let name = json["plan"]?.string,
      case .object(let steps)? = json["steps"], let environment = json["environment"]
    else { throw FrozenPlan.malformed("it is not a resolved plan of version 1") }
    var read: [PlanStep] = []
    for member in steps.members { read.append(try PlanStep(id: member.key, json: member.value)) }
    self.init(
      plan: Plan(name: name, description: nil, steps: try FrozenPlan.ordered(read)),
      environment: try Environment(json: environment), json: json, planHash: SHA256.hex(of: json.canonical),
      releaseHash: releaseHash, environmentFile: "", folder: ".", secretsFolder: ".", diagnostics: Diagnostics())
  }
}

extension PlanStep {
  /// Everything that decides what the step does.
  package var json: JSON {
    var object = JSONObject([
      ("uses", .string(uses)), ("with", withJSON), ("needs", .array(needs.map(JSON.string))), ("policy", policy.json),
    ])
    object["skip"] = skip.map(JSON.string)
    object["on"] = host.map(JSON.string)
    object["schedule"] = schedule?.json
    if !files.isEmpty { object["files"] = .object(JSONObject(files.map { ($0.path, .string($0.sha256)) })) }
    return .object(object)
  }

  /// The hash of the step's own specification: what a new run carries over is decided by it.
  package var specHash: String {
    var object = JSONObject([("uses", .string(uses)), ("with", withJSON)])
    if !files.isEmpty { object["files"] = .object(JSONObject(files.map { ($0.path, .string($0.sha256)) })) }
    return SHA256.hex(of: JSON.object(object).canonical)
  }

  init(id: String, json: JSON) throws(InvalidInput) {
    guard let uses = json["uses"]?.string, let with = json["with"], let needs = json["needs"]?.array,
      let policy = json["policy"]
    else { throw FrozenPlan.malformed("its step `\(id)` is not complete") }
    let files = json["files"]?.object?.members ?? []
    self.init(
      id: id, uses: uses, with: Node(json: with), withJSON: with, needs: needs.compactMap(\.string),
      policy: try Policy(json: policy), skip: json["skip"]?.string, host: json["on"]?.string,
      schedule: try json["schedule"].map { json throws(InvalidInput) in try Recurrence.read(json: json) },
      files: files.compactMap { file in file.value.string.map { HashedFile(path: file.key, sha256: $0) } },
      range: .nowhere)
  }
}

enum FrozenPlan {
  static func malformed(_ reason: String) -> InvalidInput {
    var report = Diagnostics()
    report.error("plan.frozen", "the journal's plan cannot be read: \(reason)", at: .nowhere)
    return InvalidInput(report)
  }

  static func ordered(_ steps: [PlanStep]) throws(InvalidInput) -> [PlanStep] {
    let places = Dictionary(steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    let order = StepOrder(needs: steps.map { $0.needs.compactMap { places[$0] } })
    guard order.cycles.isEmpty else { throw malformed("its steps need each other in a circle") }
    return order.order.map { steps[$0] }
  }
}
