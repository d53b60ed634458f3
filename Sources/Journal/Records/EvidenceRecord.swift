package import JSONText
import PostgresClient
package import SQLText

/// A piece of evidence: of this target, or a copy of another target's that let a run begin here.
package struct EvidenceRecord: Sendable, Hashable, DecodedFromRow {
  package let id: String
  /// The run that it let begin; `nil`: it is this target's own.
  package let admits: String?
  /// The run that left it.
  package let run: String
  package let environment: String
  package let target: String
  package let body: JSON
  package let signer: String?
  /// Base64.
  package let signature: String?
  package let isVoid: Bool
  /// When it was written here.
  package let writtenAt: String
  /// Of the run that left it, or that it let begin, as this journal has it; `nil`: it was pruned.
  package let runState: String?

  private static let zero = "00000000-0000-0000-0000-000000000000"

  static let select: SQL = """
    SELECT v.evidence_id, v.admits, v.run_id, v.environment, v.target, v.body, v.signer,
      translate(encode(v.signature, 'base64'), E'\\n', '') AS signature, v.void, v.verified_at, r.state
    FROM caisson.evidence v LEFT JOIN caisson.run r
      ON r.run_id = CASE v.admits WHEN \(zero)::uuid THEN v.run_id ELSE v.admits END
    """

  package init(_ row: Row) throws {
    id = try row.string("evidence_id")
    let admits = try row.string("admits")
    self.admits = admits == Self.zero ? nil : admits
    run = try row.string("run_id")
    environment = try row.string("environment")
    target = try row.string("target")
    body = try row.json("body")
    signer = row["signer"]
    signature = row["signature"]
    isVoid = try row.bool("void")
    writtenAt = try row.string("verified_at")
    runState = row["state"]
  }
}

extension JournalReader {
  /// What this target's runs of a plan have proven, the latest first; `release`: of that release alone.
  package func ownEvidence(
    plan: String, environment: String, release: String? = nil, run: String? = nil, limit: Int = 20
  ) async throws -> [EvidenceRecord] {
    let only: SQL = release.map { "AND v.release_hash = \(JournalSQL.bytes($0))" } ?? ""
    let ofRun: SQL = run.map { "AND v.run_id = \($0)::uuid" } ?? ""
    return try await evidence(
      """
      JOIN caisson.meta m ON m.target_name = v.target
      WHERE v.admits = '00000000-0000-0000-0000-000000000000' AND v.environment = \(environment)
        AND v.body ->> 'plan' = \(plan) \(sql: only) \(sql: ofRun)
      ORDER BY v.body ->> 'finished_at' DESC, v.verified_at DESC LIMIT \(limit)::integer
      """)
  }

  /// Copies of other targets' evidence that let runs begin here.
  package func acceptedEvidence() async throws -> [EvidenceRecord] {
    try await evidence("WHERE v.admits <> '00000000-0000-0000-0000-000000000000' AND NOT v.void ORDER BY v.verified_at")
  }

  private func evidence(_ rest: SQL) async throws -> [EvidenceRecord] {
    try await connection.query("\(sql: EvidenceRecord.select) \(sql: rest)").rows.map(EvidenceRecord.init)
  }
}
