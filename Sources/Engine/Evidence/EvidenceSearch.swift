import Digest
import Journal
import JSONText
import PlanModel
import PlanSchema
import PostgresClient
import RunModel
import SQLText

/// Evidence that was found, to be judged by its own server's clock.
struct EvidenceFinding: Sendable {
  var signed: SignedEvidence
  var offer: EvidenceOffer
  /// `nil`: a file has no clock.
  var now: Moment?
  /// Of earlier runs there: nothing that counts, but what they have measured.
  var earlier: [Evidence] = []
}

/// Looks where a requirement says: at another target's journal, or at a file.
struct EvidenceSearch: Sendable {
  let requirement: EvidenceRequirement
  let resolved: ResolvedPlan
  let address: TargetAddress
  let here: EvidenceGround

  /// How long the other server may take in all.
  private static let patience = Duration.seconds(20)

  /// `accepted`: run of the evidence that this run was admitted by before, which is looked for as well, and first.
  func find(acceptedRun: String?) async throws -> [EvidenceFinding] {
    switch requirement.from {
    case .file(let path): return [try inFile(path)]
    case .target:
      let answer = await Limited.run(for: Self.patience) { () -> Result<[EvidenceFinding], any Error> in
        do { return .success(try await overConnection(acceptedRun)) } catch { return .failure(error) }
      }
      guard let answer else { throw unreachable("no answer in \(Self.patience.components.seconds) s") }
      do { return try answer.get() } catch let refusal as EvidenceRefusal { throw refusal } catch {
        throw unreachable(Failure(error).engineError.message)
      }
    }
  }

  private func unreachable(_ why: String) -> EvidenceRefusal {
    EvidenceRefusal(.unreachable, "the evidence of \(requirement.environment) cannot be read: \(why)")
  }

  // MARK: Files

  private func inFile(_ path: String) throws -> EvidenceFinding {
    let text: String
    do throws(FileProblem) {
      text = String(decoding: try DiskFiles().content(of: FilePath.join(resolved.secretsFolder, path)), as: UTF8.self)
    } catch { throw unreachable("\(path): \(error.reason)") }
    do throws(EvidenceMalformed) {
      let signed = try SignedEvidence(file: text)
      return EvidenceFinding(signed: signed, offer: EvidenceOffer(signed.evidence, signature: signed.standing))
    } catch { throw EvidenceRefusal(.forged, "\(path) cannot be believed: \(error)") }
  }

  // MARK: Connections

  private func overConnection(_ acceptedRun: String?) async throws -> [EvidenceFinding] {
    guard let open = address.evidence else { throw unreachable("nobody has said how \(requirement.from) is reached") }
    let connection = try await Connection.connect(
      try await open(), ConnectionSettings(applicationName: "caisson:evidence"))
    do {
      try await connection.batch([
        Connection.begin(.repeatableRead, readOnly: true), "SET LOCAL statement_timeout = '10s'",
        "SET LOCAL search_path = pg_catalog",
      ])
      let found = try await look(at: connection, acceptedRun)
      await connection.close()
      return found
    } catch {
      await connection.close()
      throw error
    }
  }

  private func look(at connection: Connection, _ acceptedRun: String?) async throws -> [EvidenceFinding] {
    guard let version = try await Installer.version(on: connection) else { throw none("there is no journal") }
    try Installer.readable(version)
    let ground = try await EvidenceGround(on: connection, hasJournal: true)
    if ground.target == address.name {
      throw EvidenceRefusal(
        .foreign, "\(requirement.from) holds the journal of \(address.name) itself, or a copy of it, and not the one of "
          + requirement.environment)
    }
    let clone = try await CloneCheck.run(on: connection, target: ground.target).refusal
    let objection = clone.map { "the journal of \(requirement.environment) cannot be believed: \($0.message)" }
    let reader = JournalReader(connection)
    var records: [EvidenceRecord] = []
    if let acceptedRun {
      records += try await reader.ownEvidence(
        plan: resolved.plan.name, environment: requirement.environment, run: acceptedRun)
    }
    records += try await latest(reader)
    if records.isEmpty { throw none("it has not run there yet, or not to its end") }
    var found: [EvidenceFinding] = []
    for record in records {
      let signed = try SignedEvidence(record.body, signer: record.signer, signature: record.signature)
      let offer = EvidenceOffer(
        signed.evidence, signature: signed.standing, isVoid: record.isVoid,
        runState: record.runState.flatMap(RunState.init),
        objection: objection ?? Self.stray(signed.evidence, record, in: ground), isSameServer: ground.isSameServer(as: here),
        differences: try await differences(from: signed.evidence, reader))
      found.append(EvidenceFinding(signed: signed, offer: offer, now: ground.now))
    }
    if objection == nil, !found.isEmpty { found[0].earlier = try await earlier(reader) }
    return found
  }

  /// Rows can be copied from one journal to another: evidence is where its run is. Runs that have left some are not pruned.
  private static func stray(_ evidence: Evidence, _ record: EvidenceRecord, in ground: EvidenceGround) -> String? {
    let what = "the evidence of run \(evidence.run.prefix(8)) of \(evidence.environment) cannot be believed: "
    if evidence.identity.journal != ground.identity.journal { return what + "it was written in another journal and put into this one" }
    return record.runState == nil ? what + "the journal that it stands in knows no such run" : nil
  }

  private func none(_ why: String) -> EvidenceRefusal {
    EvidenceRefusal(
      .none, "\(requirement.environment) has no evidence of \(resolved.plan.name): \(why)")
  }

  /// Of this release, or else of the plan: then what differs can be said.
  private func latest(_ reader: JournalReader) async throws -> [EvidenceRecord] {
    let exact = try await reader.ownEvidence(
      plan: resolved.plan.name, environment: requirement.environment, release: resolved.releaseHash, limit: 1)
    guard exact.isEmpty else { return exact }
    return try await reader.ownEvidence(plan: resolved.plan.name, environment: requirement.environment, limit: 1)
  }

  private func earlier(_ reader: JournalReader) async throws -> [Evidence] {
    try await reader.evidenceBodies(of: resolved.plan.name, environments: [requirement.environment], before: nil).compactMap {
      try? Evidence(body: $0)
    }
  }

  private func differences(from evidence: Evidence, _ reader: JournalReader) async throws -> [String] {
    guard evidence.releaseHash != resolved.releaseHash, let plan = try await reader.plan(hash: evidence.planHash) else { return [] }
    return PlanDifference.lines(
      old: PrivateTokens.removed(from: plan.resolved["steps"] ?? .null),
      new: PrivateTokens.removed(from: resolved.json["steps"] ?? .null))
  }
}

/// Where a journal stands: the database, and the server that runs it at this moment.
struct EvidenceGround: Sendable {
  let identity: Evidence.Identity
  /// Empty where there is no journal.
  let target: String
  /// When the server began: with its identifier no two have it in common.
  let serverStart: String
  let now: Moment

  init(on connection: Connection, hasJournal: Bool) async throws {
    let meta: SQL = hasJournal ? "SELECT journal_id::text, target_name FROM caisson.meta" : "SELECT '' AS journal_id, '' AS target_name"
    let rows = try await connection.query(
      """
      SELECT m.journal_id, m.target_name, c.system_identifier::text AS system, d.oid::bigint AS number,
        current_database() AS database, pg_postmaster_start_time()::text AS start,
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
      FROM pg_control_system() c, pg_database d, (\(sql: meta)) m WHERE d.datname = current_database()
      """).rows
    guard let row = rows.first else { throw EngineError(.unusable, "the journal has no row that says which it is") }
    identity = Evidence.Identity(
      journal: row["journal_id"] ?? "", system: try row.string("system"), databaseNumber: try row.int64("number"),
      database: try row.string("database"))
    target = row["target_name"] ?? ""
    serverStart = try row.string("start")
    now = Moment(microseconds: try row.int64("now"))
  }

  func isSameServer(as other: EvidenceGround) -> Bool {
    identity.system == other.identity.system && serverStart == other.serverStart
  }
}
