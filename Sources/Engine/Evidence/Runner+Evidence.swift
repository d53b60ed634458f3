package import Digest
import Journal
import PlanModel
import PlanSchema
package import PostgresClient
import RunModel

extension Runner {
  /// Writes what a succeeded run has proven, where that is missing: right after it, or, when its process died in
  /// between, by whoever looks next. What goes wrong here takes nothing from the run.
  func proving(_ run: String) async {
    for attempt in 1...2 {
      do {
        return try await target.lending { try await prove(run, on: $0) }
      } catch {
        if attempt == 1, (error as? PostgresError)?.isConnectionLoss == true { continue }
        return reporter(.notice(step: "", text: "its evidence is not written yet: \(Failure(error).engineError.message)"))
      }
    }
  }

  /// Nothing, when it is not succeeded or has its evidence.
  package func prove(_ run: String, on connection: Connection) async throws {
    guard let evidence = try await EvidenceComposer(registry: registry, connection: connection).evidence(of: run) else {
      return
    }
    let signed = try SignedEvidence(evidence, by: try signingKey())
    let actor = ThisProcess.identity().host
    try await connection.query(
      JournalSQL.writeEvidence(evidence.body, signer: signed.signer, signature: signed.signature, actor: actor))
  }

  /// Of the environment; `nil`: what runs here prove is not signed.
  package func signingKey() throws -> Ed25519.PrivateKey? {
    guard let secret = resolved.environment.signingKey else { return nil }
    let text: String
    do throws(SecretUnavailable) { text = try target.address.secrets.text(of: secret) } catch {
      throw EngineError(
        .unusable, "the signing key cannot be used: \(error.reference): \(error.reason)",
        hint: "caisson evidence keygen makes one; without signing_key evidence is not signed")
    }
    guard let key = Ed25519.PrivateKey(parsing: text) else {
      throw EngineError(
        .unusable, "\(secret) holds no signing key", hint: "a key is the one line that caisson evidence keygen wrote")
    }
    return key
  }

  /// What has to be open before a run of this plan; `nil`: the environment requires nothing. Firings have what their
  /// plan's own run had.
  func evidenceGate() -> EvidenceGate? {
    guard variant.isEmpty, let requirement = resolved.environment.requires else { return nil }
    return EvidenceGate(requirement: requirement, resolved: resolved, registry: registry, target: target)
  }
}
