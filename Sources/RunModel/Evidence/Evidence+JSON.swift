package import JSONText

extension Evidence {
  /// Reads a body, of a journal or of a file.
  package init(body: JSON) throws(EvidenceMalformed) {
    let read = Members(body, of: "the evidence")
    guard body["caisson_evidence"]?.int == Int64(Evidence.version) else {
      throw EvidenceMalformed("it is not evidence of version \(Evidence.version)")
    }
    id = try read.text("id")
    run = try read.text("run")
    plan = try read.text("plan")
    releaseHash = try read.text("release_hash")
    planHash = try read.text("plan_hash")
    environment = try read.text("environment")
    target = try read.text("target")
    let place = Members(body["identity"] ?? .null, of: "its identity")
    identity = Identity(
      journal: try place.text("journal_id"), system: try place.text("system_id"),
      databaseNumber: try place.number("database_oid"), database: try place.text("database"))
    engineVersion = try read.text("engine_version")
    plugins = try read.texts("plugins")
    serverVersion = Int(try read.number("server_version"))
    startedAt = try read.moment("started_at")
    finishedAt = try read.moment("finished_at")
    rollbackRehearsed = body["rollback_rehearsed"]?.bool ?? false
    guard case .object(let object)? = body["steps"] else { throw EvidenceMalformed("the evidence has no steps") }
    var steps: [String: StepProof] = [:]
    for member in object.members { steps[member.key] = try StepProof(member.value, id: member.key) }
    self.steps = steps
    self.body = body
  }

  /// Numbers as every reader and every store gives them back: whole ones without a fraction.
  package static func settled(_ json: JSON) -> JSON {
    switch json {
    case .array(let items): .array(items.map(settled))
    case .object(let object): .object(JSONObject(object.members.map { ($0.key, settled($0.value)) }))
    case .double(let value): number(value)
    default: json
    }
  }

  private static func number(_ value: Double) -> JSON {
    guard value.isFinite else { return .null }
    return value == value.rounded() && abs(value) < 9e18 ? .int(Int64(value)) : .double(value)
  }
}

extension StepProof {
  fileprivate init(_ json: JSON, id: String) throws(EvidenceMalformed) {
    let read = Members(json, of: "its step `\(id)`")
    uses = try read.text("uses")
    spec = json["spec"] ?? .null
    specHash = try read.text("spec_hash")
    files = try read.texts("files")
    needs = (json["needs"]?.array ?? []).compactMap(\.string)
    schedule = json["schedule"]
    guard let outcome = Outcome(rawValue: try read.text("outcome")) else {
      throw EvidenceMalformed("its step `\(id)` has an outcome that is not known")
    }
    self.outcome = outcome
    origin = try json["origin"].map { json throws(EvidenceMalformed) in
      let read = Members(json, of: "the origin of its step `\(id)`")
      return Origin(
        run: try read.text("run"), releaseHash: try read.text("release_hash"),
        finishedAt: try read.moment("finished_at"))
    }
    skipReason = json["skip_reason"]?.string
    seconds = json["seconds"]?.double ?? 0
    rows = json["rows"]?.double ?? 0
    attempts = Int(json["attempts"]?.int ?? 0)
    operations = json["operations"]?.int.map { Int($0) }
    verify = (json["verify"]?.array ?? []).compactMap(\.string)
  }
}

/// Members that have to be there, each with its type.
private struct Members {
  let json: JSON
  let what: String

  init(_ json: JSON, of what: String) {
    self.json = json
    self.what = what
  }

  private func missing(_ key: String) -> EvidenceMalformed { EvidenceMalformed("\(what) has no `\(key)`") }

  func text(_ key: String) throws(EvidenceMalformed) -> String {
    guard let text = json[key]?.string, !text.isEmpty else { throw missing(key) }
    return text
  }

  func number(_ key: String) throws(EvidenceMalformed) -> Int64 {
    guard let number = json[key]?.int else { throw missing(key) }
    return number
  }

  func moment(_ key: String) throws(EvidenceMalformed) -> Moment {
    guard let moment = Moment(iso: try text(key)) else { throw EvidenceMalformed("`\(key)` of \(what) is no instant") }
    return moment
  }

  /// None, or a mapping to texts.
  func texts(_ key: String) throws(EvidenceMalformed) -> [String: String] {
    guard let value = json[key] else { return [:] }
    guard case .object(let object) = value else { throw missing(key) }
    var out: [String: String] = [:]
    for member in object.members {
      guard let text = member.value.string else { throw missing("\(key).\(member.key)") }
      out[member.key] = text
    }
    return out
  }
}
