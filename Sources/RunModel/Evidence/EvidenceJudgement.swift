import PluginAPI

/// Decides whether a piece of evidence admits a run: the rules of promotion, and nothing else.
///
/// What cannot be believed at all comes first, what passes by itself comes last: whoever waits for the end of a soak has
/// nothing else in the way.
package struct EvidenceJudgement: Sendable {
  let demand: EvidenceDemand
  let uses: [EvidenceUse]

  package init(_ demand: EvidenceDemand, usedBy uses: [EvidenceUse]) {
    self.demand = demand
    self.uses = uses
  }

  /// `now`: by the clock of the server that the evidence's instants are of, where it can be asked.
  package func judge(_ offer: EvidenceOffer, now: Moment) -> EvidenceVerdict {
    do throws(EvidenceRefusal) {
      try believe(offer)
      let evidence = offer.evidence
      try checkOrigin(offer)
      try checkRelease(offer)
      let isOwn = uses.contains { $0.evidence == evidence.id && $0.run == demand.run }
      if !isOwn {
        try checkReplay(evidence)
        try checkAge(of: evidence.finishedAt, "run \(short(evidence.run)) of \(evidence.environment)", now)
      }
      var notes = versionNotes(evidence)
      for step in demand.steps {
        notes += try StepJudgement(step: step, demand: demand, evidence: evidence).notes { at throws(EvidenceRefusal) in
          if !isOwn { try checkAge(of: at, "step \(step.id) in \(evidence.environment)", now) }
        }
      }
      try checkSoak(evidence, now)
      return .open(notes: notes)
    } catch {
      return .closed(error)
    }
  }

  // MARK: Whether it can be believed

  /// It is what it says, of where it has to be, and its run still stands: whatever else keeps it from admitting a run.
  package func believes(_ offer: EvidenceOffer) -> Bool {
    do throws(EvidenceRefusal) {
      try believe(offer)
      try checkOrigin(offer)
      return true
    } catch { return false }
  }

  private func believe(_ offer: EvidenceOffer) throws(EvidenceRefusal) {
    let environment = demand.environment
    if case .bad(let key) = offer.signature {
      throw EvidenceRefusal(
        .forged, "the evidence of \(environment) does not carry the signature that \(key) would have made: it was "
          + "changed since, or forged; export it anew")
    }
    if offer.isFile || !demand.trust.isEmpty {
      guard case .good(let key) = offer.signature else {
        throw EvidenceRefusal(
          .forged, "the evidence of \(environment) is not signed, and `requires.trust` asks for a signature: give "
            + "\(environment) a signing_key")
      }
      guard demand.trust.contains(key) else {
        throw EvidenceRefusal(
          .forged, "the evidence of \(environment) is signed by \(key), which `requires.trust` does not list")
      }
    }
    if let objection = offer.objection { throw EvidenceRefusal(.foreign, objection) }
    if offer.isVoid {
      throw EvidenceRefusal(
        .void, "the evidence of run \(short(offer.evidence.run)) is void: it was made for the database that the one of "
          + "\(environment) is a copy of; prove it there with caisson apply --again")
    }
  }

  /// Made where it has to be, by a run that still stands.
  private func checkOrigin(_ offer: EvidenceOffer) throws(EvidenceRefusal) {
    let evidence = offer.evidence
    guard evidence.environment == demand.environment else {
      throw EvidenceRefusal(
        .environment, "evidence of \(demand.environment) is wanted, this is of \(evidence.environment)")
    }
    guard evidence.plan == demand.plan else {
      throw EvidenceRefusal(.environment, "evidence of the plan \(demand.plan) is wanted, this is of \(evidence.plan)")
    }
    let isHere = evidence.identity.system == demand.identity.system
      && evidence.identity.databaseNumber == demand.identity.databaseNumber
    if evidence.target == demand.target || isHere && offer.isSameServer != false {
      let hint = offer.isFile ? "; a physical copy has the same identity: read its evidence over a connection" : ""
      throw EvidenceRefusal(
        .foreign, "the evidence was made by this very database, which cannot prove anything to itself" + hint)
    }
    if let state = offer.runState, state != .succeeded {
      throw EvidenceRefusal(
        .rolledBack, "run \(short(evidence.run)) of \(evidence.environment) has succeeded, and is \(state.rawValue) now: "
          + "what it proved does not stand any more")
    }
  }

  private func checkRelease(_ offer: EvidenceOffer) throws(EvidenceRefusal) {
    let evidence = offer.evidence
    guard evidence.releaseHash != demand.releaseHash else { return }
    let shown = offer.differences.prefix(5).map { "\n  \($0)" }.joined()
    let more = offer.differences.count > 5 ? "\n  and \(offer.differences.count - 5) more" : ""
    throw EvidenceRefusal(
      .release, "\(evidence.environment) has proven release \(short(evidence.releaseHash)) last, at \(evidence.finishedAt), "
        + "and this is \(short(demand.releaseHash)): apply this one there" + (shown.isEmpty ? "" : "; it differs in:")
        + shown + more)
  }

  // MARK: Whether its time is right

  private func checkReplay(_ evidence: Evidence) throws(EvidenceRefusal) {
    let remedy = remedy(evidence)
    if let use = uses.first(where: { $0.evidence == evidence.id && $0.isOver }) {
      throw EvidenceRefusal(
        .replayed, "the evidence of run \(short(evidence.run)) has let run \(short(use.run)) begin here already, which is "
          + "over: one piece of evidence admits one run; \(remedy)")
    }
    let later = uses.filter { $0.journal == evidence.identity.journal && $0.target == evidence.target && $0.plan == evidence.plan }
      .max { $0.finishedAt < $1.finishedAt }
    if let later, later.evidence != evidence.id, later.finishedAt > evidence.finishedAt {
      throw EvidenceRefusal(
        .replayed, "the evidence of \(evidence.finishedAt) is older than the one of \(later.finishedAt) that was accepted "
          + "here already; \(remedy)")
    }
  }

  private func checkAge(of at: Moment, _ what: String, _ now: Moment) throws(EvidenceRefusal) {
    guard at + demand.maxAge < now else { return }
    throw EvidenceRefusal(
      .expired, "\(what) succeeded at \(at), and evidence counts for \(Self.text(demand.maxAge)): prove it there again "
        + "with caisson apply --again")
  }

  private func checkSoak(_ evidence: Evidence, _ now: Moment) throws(EvidenceRefusal) {
    let over = evidence.finishedAt + demand.soak
    guard evidence.finishedAt <= now else {
      throw EvidenceRefusal(
        .soak, "run \(short(evidence.run)) of \(evidence.environment) ended at \(evidence.finishedAt), which by the clock here "
          + "is yet to come: one of the two clocks is wrong, then or now; \(remedy(evidence))", next: over)
    }
    guard now < over else { return }
    throw EvidenceRefusal(
      .soak, "\(evidence.environment) has it since \(evidence.finishedAt), and it soaks for \(Self.text(demand.soak)): until "
        + over.description, next: over)
  }

  private func versionNotes(_ evidence: Evidence) -> [String] {
    evidence.rollbackRehearsed ? [] : ["its rollback was not rehearsed in \(evidence.environment)"]
  }

  private func remedy(_ evidence: Evidence) -> String {
    "prove it in \(evidence.environment) again with caisson apply --again"
  }

  private func short(_ id: String) -> String { String(id.prefix(8)) }

  private static func text(_ span: Duration) -> String {
    TimeSpan(milliseconds: span.components.seconds * 1_000 + span.components.attoseconds / 1_000_000_000_000_000).description
  }
}
