import JSONText
import PluginAPI
import RunModel

/// Evidence that proves all that is asked for, and what may be wrong with it.
enum EvidenceCases {
  static let key = "ed25519:known"

  /// Evidence of staging that proves everything `demand` asks for.
  static let body: JSON = [
    "caisson_evidence": 1, "id": "e1", "run": "aaaaaaaa-1", "plan": "shop", "release_hash": "r1", "plan_hash": "p1",
    "environment": "staging", "target": "staging",
    "identity": ["journal_id": "js", "system_id": "1", "database_oid": 5, "database": "shop"],
    "engine_version": "0.1.0", "plugins": [:], "server_version": 150_020,
    "started_at": "2026-03-01T00:00:00.000000Z", "finished_at": "2026-03-01T01:00:00.000000Z",
    "rollback_rehearsed": true,
    "steps": [
      "copy": [
        "uses": "data.batch", "spec": ["table": "t", "verify": true, "set": ["x": 1]], "spec_hash": "h",
        "files": ["a.sql": "f1"], "outcome": "executed", "seconds": 1.5, "rows": 10, "attempts": 1,
      ],
      "door": ["uses": "gate.query", "spec": ["query": "SELECT 1"], "spec_hash": "g", "outcome": "executed"],
    ],
  ]

  static let shape = Shape.object([
    KeyedField("table", Field("", .string)), KeyedField("chunk", Field("", .string, tuning: true)),
    KeyedField("set", Field("", .object([KeyedField("wait", Field("", .string, tuning: true))]))),
  ])

  static var demand: EvidenceDemand {
    EvidenceDemand(
      plan: "shop", releaseHash: "r1",
      steps: [
        .init(
          id: "copy", uses: "data.batch",
          spec: ["table": "t", "verify": true, "set": ["x": 1, "wait": "9s"], "chunk": "1s"], shape: shape,
          files: ["a.sql": "f1"]),
        .init(id: "door", uses: "gate.query", spec: ["query": "SELECT 1"], shape: .object([]), isGate: true),
      ],
      environment: "staging", soak: .seconds(3_600), maxAge: .seconds(86_400), identity: .init(
        journal: "jp", system: "1", databaseNumber: 6, database: "shop"), target: "production", run: "here-1")
  }

  static let twoHoursLater = Moment(iso: "2026-03-01T03:00:00Z") ?? Moment(microseconds: 0)

  /// `change`: path and value put into the body; a value of `nil` removes it.
  struct Change: Sendable {
    var path: [String] = []
    var value: JSON?
    var offer: @Sendable (inout EvidenceOffer) -> Void = { _ in }
    var demand: @Sendable (inout EvidenceDemand) -> Void = { _ in }
    var uses: [EvidenceUse] = []
    var now = EvidenceCases.twoHoursLater
  }

  static func put(_ json: JSON, _ path: ArraySlice<String>, _ value: JSON?) -> JSON {
    guard let key = path.first else { return value ?? .null }
    var object = json.object ?? JSONObject()
    object[key] = path.count == 1 ? value : put(object[key] ?? [:], path.dropFirst(), value)
    return .object(object)
  }

  static func use(
    _ evidence: String, by run: String, over: Bool, at: String = "2026-03-01T01:00:00Z", plan: String = "shop"
  ) -> EvidenceUse {
    EvidenceUse(
      evidence: evidence, run: run, isOver: over, finishedAt: Moment(iso: at) ?? Moment(microseconds: 0), journal: "js",
      target: "staging", plan: plan)
  }

  static let refused: [(String, EvidenceRefusal.Cause, Change)] = [
    ("another release", .release, Change(path: ["release_hash"], value: "r2")),
    ("another plan", .environment, Change(path: ["plan"], value: "other")),
    ("another environment", .environment, Change(path: ["environment"], value: "dev")),
    ("a step that is missing", .step, Change(path: ["steps", "copy"], value: nil)),
    ("a step that was skipped", .step, Change(path: ["steps", "copy", "outcome"], value: "skipped")),
    ("a gate that was skipped", .step, Change(path: ["steps", "door", "outcome"], value: "skipped")),
    ("a step marked as done", .step, Change(path: ["steps", "copy", "outcome"], value: "person")),
    ("a step carried over from nowhere", .step, Change(path: ["steps", "copy", "outcome"], value: "carried")),
    ("a step of another kind", .difference, Change(path: ["steps", "copy", "uses"], value: "sql.run")),
    ("weaker verification", .difference, Change(path: ["steps", "copy", "spec", "verify"], value: false)),
    ("no word about verification", .difference, Change(path: ["steps", "copy", "spec", "verify"], value: nil)),
    ("a parameter more", .difference, Change(path: ["steps", "copy", "spec", "where"], value: "true")),
    ("a parameter deep down", .difference, Change(path: ["steps", "copy", "spec", "set", "x"], value: 2)),
    ("a file of other content", .difference, Change(path: ["steps", "copy", "files", "a.sql"], value: "f2")),
    ("no such file", .difference, Change(path: ["steps", "copy", "files"], value: nil)),
    ("another order", .difference, Change(path: ["steps", "copy", "needs"], value: ["door"])),
    ("a schedule of its own", .difference, Change(path: ["steps", "copy", "schedule"], value: ["every": "1h"])),
    ("a difference that resembles an allowed one", .difference, Change(
      path: ["steps", "copy", "spec", "set", "x"], value: 2, demand: { $0.allowed = ["copy.se", "copy.set.y"] })),
    ("a step that a gate's permission is not for", .step, Change(
      path: ["steps", "copy", "outcome"], value: "skipped", demand: { $0.allowed = ["copy.skip"] })),
    ("expired", .expired, Change(now: Moment(iso: "2026-03-02T01:00:00.000001Z") ?? twoHoursLater)),
    ("soaking", .soak, Change(now: Moment(iso: "2026-03-01T01:59:59.999999Z") ?? twoHoursLater)),
    ("the end of a run that is yet to come", .soak, Change(
      path: ["finished_at"], value: "2026-03-01T03:00:00.000001Z", demand: { $0.soak = .zero })),
    ("void", .void, Change(offer: { $0.isVoid = true })),
    ("rolled back since", .rolledBack, Change(offer: { $0.runState = .rolledBack })),
    ("a rollback under way", .rolledBack, Change(offer: { $0.runState = .undoing })),
    ("a journal that is a copy", .foreign, Change(offer: { $0.objection = "a copy" })),
    ("the target itself", .foreign, Change(path: ["target"], value: "production")),
    ("the database itself", .foreign, Change(path: ["identity", "database_oid"], value: 6)),
    ("a file without a signature", .forged, Change(offer: { $0.isSameServer = nil })),
    ("a signature of nobody known", .forged, Change(offer: { $0.signature = .good(by: "ed25519:x"); $0.isSameServer = nil })),
    ("a signature over something else", .forged, Change(offer: { $0.signature = .bad(by: key) })),
    ("no signature where one is asked for", .forged, Change(demand: { $0.trust = [key] })),
    ("a file of a physical copy", .foreign, Change(
      path: ["identity", "database_oid"], value: 6,
      offer: { $0.signature = .good(by: key); $0.isSameServer = nil }, demand: { $0.trust = [key] })),
    ("replayed", .replayed, Change(uses: [use("e1", by: "here-0", over: true)])),
    ("older than what was accepted", .replayed, Change(uses: [use("e2", by: "here-0", over: false, at: "2026-03-01T02:00:00Z")])),
  ]

  static let accepted: [(String, Change)] = [
    ("all as it has to be", Change()),
    ("tuning that staging was given", Change(path: ["steps", "copy", "spec", "chunk"], value: "5s")),
    ("another token of a private variable", Change(
      path: ["steps", "copy", "spec", "table"], value: "${private:who#0a}",
      demand: { $0.steps[0].spec = ["table": "${private:who#0b}", "verify": true, "set": ["x": 1]] })),
    ("a listed difference", Change(path: ["steps", "copy", "spec", "set", "x"], value: 2, demand: { $0.allowed = ["copy.set"] })),
    ("a listed difference deep down", Change(
      path: ["steps", "copy", "spec", "set", "x"], value: 2, demand: { $0.allowed = ["copy.set.x"] })),
    ("a step that is not run here", Change(path: ["steps", "copy"], value: nil, demand: { $0.steps.removeFirst() })),
    ("a listed gate that was skipped", Change(
      path: ["steps", "door", "outcome"], value: "skipped", demand: { $0.allowed = ["door.skip"] })),
    ("carried over from a run of its own", Change(
      path: ["steps", "copy"], value: [
        "uses": "data.batch", "spec": ["table": "t", "verify": true, "set": ["x": 1]], "spec_hash": "h",
        "files": ["a.sql": "f1"], "outcome": "carried",
        "origin": ["run": "bbbbbbbb-2", "release_hash": "r0", "finished_at": "2026-02-28T12:00:00Z"],
      ])),
    ("the last moment of a soak", Change(now: Moment(iso: "2026-03-01T02:00:00Z") ?? twoHoursLater)),
    ("the last moment before it expires", Change(now: Moment(iso: "2026-03-02T01:00:00Z") ?? twoHoursLater)),
    ("a run that was pruned", Change(offer: { $0.runState = nil })),
    ("a physical copy, seen beside its original", Change(
      path: ["identity", "database_oid"], value: 6, offer: { $0.isSameServer = false })),
    ("a signed file", Change(
      offer: { $0.signature = .good(by: key); $0.isSameServer = nil; $0.runState = nil }, demand: { $0.trust = [key] })),
    ("the run it has admitted, resumed after it expired", Change(
      uses: [use("e1", by: "here-1", over: false), use("e2", by: "x", over: true, at: "2026-03-01T02:00:00Z")],
      now: Moment(iso: "2026-05-01T00:00:00Z") ?? twoHoursLater)),
    ("newer evidence of another plan", Change(
      uses: [use("e2", by: "x", over: true, at: "2026-03-01T02:00:00Z", plan: "other")])),
  ]
}

extension EvidenceCases {
  /// The step `copy` as a sample, with these measures.
  static func sample(_ measures: JSON) throws -> StepSample? {
    StepSample.all(in: try Evidence(body: put(body, ["steps", "copy", "measures"], measures)))["copy"]
  }
}
