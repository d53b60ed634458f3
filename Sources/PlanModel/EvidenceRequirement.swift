internal import Digest
package import JSONText
package import PlanSchema
package import YAMLTree

/// What has to be proven elsewhere before a plan runs here. All of it is part of the plan's hash.
package struct EvidenceRequirement: Sendable, Hashable {
  /// Whose evidence.
  package var environment: String
  /// How long ago the run there has to have ended.
  package var soak: TimeSpan
  package var from: EvidenceSource
  /// Public keys of which one has to have signed; none: the connection is trusted.
  package var trust: [String]
  /// `STEP.PARAMETER…`: where the two environments may differ.
  package var allowDifference: [String]
  /// How old evidence may be.
  package var maxAge: TimeSpan
}

/// Where evidence is read.
package enum EvidenceSource: ParameterValue, Hashable, CustomStringConvertible {
  case target(ConnectionReference)
  /// An exported file; a relative one lies under the environment's folder.
  case file(String)

  /// References, never secrets.
  package var description: String {
    switch self {
    case .target(let reference): reference.description
    case .file(let path): path
    }
  }

  package static var shape: Shape { .named("connection") }
  package var json: JSON { .string(description) }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> EvidenceSource? {
    guard let text = node.text, !node.isErroneous, text.hasSuffix(".json"), !text.contains("://") else {
      return ConnectionReference.read(node, &report).map(EvidenceSource.target)
    }
    guard !text.contains("${") else {
      report.error(
        "evidence.path", "the path of exported evidence is written out, without references", at: node.range,
        hint: "for example from: staging-evidence.json")
      return nil
    }
    return .file(text)
  }
}

/// The text of a public key.
struct SignerKey: ParameterValue, Hashable {
  var text: String

  static var shape: Shape { .named("public key", pattern: "^ed25519:[A-Za-z0-9+/]{43}=$") }
  static func read(_ node: Node, _ report: inout Diagnostics) -> SignerKey? {
    guard let text = report.text(node, wanted: "a public key") else { return nil }
    // As the key itself writes it: compared as text afterwards.
    if let key = Ed25519.PublicKey(parsing: text) { return SignerKey(text: key.description) }
    report.error(
      "evidence.key", "this is not a public key", at: node.range,
      hint: "ed25519:BASE64, as caisson evidence keygen prints it")
    return nil
  }
  var json: JSON { .string(text) }
}

/// A reference to a secret that only the command which uses it has to find.
struct DeferredSecret: ParameterValue, Hashable {
  var secret: Secret

  static var shape: Shape { Secret.shape }
  static func read(_ node: Node, _ report: inout Diagnostics) -> DeferredSecret? {
    var own = Diagnostics()
    let secret = Secret.read(node, &own)
    report.add(contentsOf: own.items)
    return secret.map(DeferredSecret.init)
  }
  var json: JSON { secret.json }
}

/// The keys under `requires:`.
struct RequirementKeys: ParameterSet {
  @Parameter("The environment whose evidence is wanted.") var environment: StepName
  @Parameter("How long ago the run there has to have ended.") var soak = TimeLimit.none
  @Parameter("Where its evidence is read: its database, or a file ending in .json that `evidence export` wrote.")
  var from: EvidenceSource
  @Parameter("Public keys (ed25519:…) of which one has to have signed; without any a connection is trusted as it is.")
  var trust: [Located<SignerKey>] = []
  @Parameter("Parameters in which the two may differ: STEP.PARAMETER, or STEP.PARAMETER.PART.")
  var allowDifference: [Located<String>] = []
  @Parameter("How old evidence may be.") var maxAge = TimeSpan.days(30)

  var value: EvidenceRequirement {
    EvidenceRequirement(
      environment: environment.text, soak: soak.span ?? .zero, from: from, trust: trust.map(\.value.text),
      allowDifference: allowDifference.map(\.value), maxAge: maxAge)
  }

  func check(_ report: inout Diagnostics) {
    if case .file = from, trust.isEmpty {
      report.error(
        "evidence.trust", "a file is believed by its signature only, and no key is trusted", at: $from,
        hint: "list the public key of \(environment.text) under trust: [ed25519:…]")
    }
    if maxAge <= (soak.span ?? .zero) {
      report.error("value.range", "evidence of that age would have expired before it has soaked", at: $maxAge)
    }
  }
}

extension EvidenceRequirement {
  /// As an environment file would write it, everything spelled out.
  var json: JSON {
    [
      "environment": .string(environment), "soak": soak > .zero ? soak.json : "none", "from": from.json,
      "trust": .array(trust.map(JSON.string)), "allow_difference": .array(allowDifference.map(JSON.string)),
      "max_age": maxAge.json,
    ]
  }
}
