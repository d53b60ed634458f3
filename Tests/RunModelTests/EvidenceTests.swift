import JSONText
import RunModel
import Testing

/// What production believes, and what it answers otherwise.
@Suite struct EvidenceTests {
  private func judge(_ change: EvidenceCases.Change) throws -> EvidenceVerdict {
    let body = change.path.isEmpty ? EvidenceCases.body : EvidenceCases.put(EvidenceCases.body, change.path[...], change.value)
    var offer = EvidenceOffer(try Evidence(body: body), runState: .succeeded, isSameServer: true)
    change.offer(&offer)
    var demand = EvidenceCases.demand
    change.demand(&demand)
    return EvidenceJudgement(demand, usedBy: change.uses).judge(offer, now: change.now)
  }

  private func cause(_ change: EvidenceCases.Change) throws -> EvidenceRefusal.Cause? {
    if case .closed(let refusal) = try judge(change) { refusal.cause } else { nil }
  }

  @Test("evidence is refused for", arguments: EvidenceCases.refused.map(\.0))
  func refused(_ what: String) throws {
    let (_, cause, change) = try #require(EvidenceCases.refused.first { $0.0 == what })
    let verdict = try judge(change)
    #expect(try self.cause(change) == cause, "\(verdict)")
  }

  @Test("evidence admits a run:", arguments: EvidenceCases.accepted.map(\.0))
  func accepted(_ what: String) throws {
    let (_, change) = try #require(EvidenceCases.accepted.first { $0.0 == what })
    let verdict = try judge(change)
    #expect(try cause(change) == nil, "\(verdict)")
  }

  @Test("a soak says since when, and until which instant exactly")
  func soak() throws {
    guard case .closed(let refusal) = try judge(EvidenceCases.Change(now: Moment(iso: "2026-03-01T01:30:00Z") ?? EvidenceCases.twoHoursLater))
    else { return _ = Issue.record("open") }
    #expect(refusal.next?.iso == "2026-03-01T02:00:00.000000Z")
    #expect(refusal.reason == "staging has it since 2026-03-01 01:00:00Z, and it soaks for 1h: until 2026-03-01 02:00:00Z")
  }

  @Test("what a carried step was executed by is as old as that run")
  func oldOrigin() throws {
    var origin = EvidenceCases.put(EvidenceCases.body, ["steps", "copy", "outcome"], "carried")
    origin = EvidenceCases.put(
      origin, ["steps", "copy", "origin"],
      ["run": "b", "release_hash": "r0", "finished_at": "2026-02-01T00:00:00Z"])
    let change = EvidenceCases.Change(path: ["steps"], value: origin["steps"])
    #expect(try cause(change) == .expired)
    #expect(try cause(EvidenceCases.Change(path: ["steps"], value: origin["steps"], demand: { $0.maxAge = .seconds(90 * 86_400) })) == nil)
  }

  @Test("differences that are allowed are said all the same, and so is what was carried over or not rehearsed")
  func notes() throws {
    var body = EvidenceCases.put(EvidenceCases.body, ["steps", "copy", "spec", "set", "x"], 2)
    body = EvidenceCases.put(body, ["rollback_rehearsed"], false)
    let offer = EvidenceOffer(try Evidence(body: body), isSameServer: true)
    var demand = EvidenceCases.demand
    demand.allowed = ["copy.set.x"]
    guard case .open(let notes) = EvidenceJudgement(demand, usedBy: []).judge(offer, now: EvidenceCases.twoHoursLater) else {
      return _ = Issue.record("closed")
    }
    #expect(notes == ["its rollback was not rehearsed in staging", "copy.set.x: 2 in staging, 1 here, allowed"])
  }

  @Test("the reason of another release says what differs")
  func release() throws {
    let change = EvidenceCases.Change(path: ["release_hash"], value: "r2222222222", offer: { $0.differences = ["~ copy.table: 1 → 2"] })
    guard case .closed(let refusal) = try judge(change) else { return _ = Issue.record("open") }
    #expect(refusal.reason.contains("release r2222222 last") && refusal.reason.contains("~ copy.table: 1 → 2"))
  }

  @Test("a body that is not whole is no evidence", arguments: [
    "caisson_evidence", "id", "run", "plan", "release_hash", "environment", "identity", "finished_at", "steps",
  ])
  func malformed(_ member: String) throws {
    #expect(throws: EvidenceMalformed.self) { try Evidence(body: EvidenceCases.put(EvidenceCases.body, [member], nil)) }
    #expect(throws: EvidenceMalformed.self) { try Evidence(body: EvidenceCases.put(EvidenceCases.body, [member], "")) }
  }

  @Test("the body reads back from its canonical text, and unknown members stay in it")
  func roundTrip() throws {
    let evidence = try Evidence(body: EvidenceCases.put(EvidenceCases.body, ["measures"], ["wal_bytes": 5]))
    let again = try Evidence(body: try JSON(parsing: evidence.canonical))
    #expect(again == evidence && again.body["measures"] == ["wal_bytes": 5])
    #expect(evidence.steps["copy"]?.rows == 10 && evidence.steps["copy"]?.seconds == 1.5)
  }

  @Test("numbers are what every store gives back", arguments: [
    (1.0, "1"), (0.1234567, "0.1234567"), (-2.5, "-2.5"), (1e16, "10000000000000000"), (1e20, "1e+20"), (Double.nan, "null"),
  ] as [(Double, String)])
  func numbers(_ value: Double, _ text: String) { #expect(Evidence.settled(["x": .double(value)]).text == "{\"x\":\(text)}") }

  @Test("instants are written to the microsecond and read back", arguments: [
    ("2026-11-21T18:37:28.000001Z", 1_795_286_248_000_001), ("1969-12-31T23:59:59.999999Z", -1),
    ("2024-02-29T00:00:00.500000Z", 1_709_164_800_500_000),
  ] as [(String, Int64)])
  func instants(_ text: String, _ microseconds: Int64) {
    #expect(Moment(iso: text)?.microseconds == microseconds)
    #expect(Moment(microseconds: microseconds).iso == text)
  }

  @Test("a text that is no instant is none", arguments: ["", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T18:37:28+01:00", "2026-11-21T18:37:28.1234567Z"])
  func noInstant(_ text: String) { #expect(Moment(iso: text) == nil) }
}
