package import Digest
package import JSONText
package import RunModel

/// Evidence with the signature over its canonical text: what is stored, and what a file of it holds.
package struct SignedEvidence: Sendable {
  package let evidence: Evidence
  /// `ed25519:BASE64`
  package let signer: String?
  /// Base64.
  package let signature: String?

  package init(_ body: JSON, signer: String?, signature: String?) throws(EvidenceMalformed) {
    evidence = try Evidence(body: body)
    self.signer = signer
    self.signature = signature
  }

  /// Signs; without a key it is as it is.
  package init(_ evidence: Evidence, by key: Ed25519.PrivateKey?) throws(DigestError) {
    self.evidence = evidence
    signer = try key.map { key throws(DigestError) in try key.publicKey().description }
    signature = try key.map { key throws(DigestError) in
      Base64.text(try key.signature(of: Array(evidence.canonical.utf8)))
    }
  }

  /// Whether the key that is named has signed exactly this body.
  package var standing: EvidenceOffer.Signature {
    guard let signer else { return .none }
    guard let key = Ed25519.PublicKey(parsing: signer), let bytes = signature.flatMap(Base64.bytes),
      key.verifies(bytes, of: Array(evidence.canonical.utf8))
    else { return .bad(by: signer) }
    return .good(by: signer)
  }

  // MARK: Files

  private static let version: JSON = 1

  /// What `evidence export` writes.
  package var file: JSON {
    [
      "caisson_evidence_file": Self.version, "body": evidence.body, "signer": signer.map(JSON.string) ?? .null,
      "signature": signature.map(JSON.string) ?? .null,
    ]
  }

  package init(file text: String) throws(EvidenceMalformed) {
    guard let json = try? JSON(parsing: text), json["caisson_evidence_file"] == Self.version, let body = json["body"] else {
      throw EvidenceMalformed("it is no file that caisson evidence export wrote")
    }
    try self.init(body, signer: json["signer"]?.string, signature: json["signature"]?.string)
  }
}
