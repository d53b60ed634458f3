import CommandLineKit
import Digest
import Engine
import JSONText
import RunModel

/// `caisson evidence verify FILE [--trust KEY]...`
struct EvidenceVerifyCommand: Command {
  private static let file = ArgumentSpec("FILE", "what evidence export wrote; - for standard input", kind: .file)
  private static let trust = OptionSpec.value(
    "trust", "KEY", .text, "a public key, as keygen printed it, of which one has to have signed", repeatable: true)

  static let spec = CommandSpec(
    "verify", summary: "check a file of evidence and print what it proves",
    discussion: "Needs no database. Without --trust the signature is checked against the key that the file itself names.",
    arguments: [file], options: [trust, .output],
    examples: [
      CommandExample("caisson evidence verify staging-evidence.json", "exit 0 when the signature fits, 5 when not")
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) throws -> ExitCode {
    let trusted = try parsed.values(Self.trust).map { text in
      guard let key = Ed25519.PublicKey(parsing: text) else {
        throw parsed.usageError("'\(text)' is not a public key: ed25519:BASE64, as evidence keygen prints it")
      }
      return key.description
    }
    let path = parsed.argument(Self.file) ?? ""
    let signed: SignedEvidence
    do throws(EvidenceMalformed) { signed = try SignedEvidence(file: try read(path)) } catch {
      throw CommandFailure(.refused, "'\(path)' cannot be believed: \(error)")
    }
    let problem = Self.problem(signed, trusted)
    if console.format == .text {
      for line in EvidenceText(signed.evidence).lines { console.print(line) }
    }
    if let problem { throw CommandFailure(.refused, problem) }
    let signer = signed.signer ?? ""
    if console.format == .text {
      console.print("signed by \(signer)" + (trusted.isEmpty ? ", which nobody has said to trust (--trust)" : ", which is trusted"))
    } else {
      console.print(["valid": true, "trusted": .bool(!trusted.isEmpty), "signer": .string(signer), "body": signed.evidence.body])
    }
    return .done
  }

  private func read(_ path: String) throws(EvidenceMalformed) -> String {
    do { return try SourceFile(path).text } catch {
      throw EvidenceMalformed((error as? CommandFailure)?.problem.what ?? "it cannot be read")
    }
  }

  private static func problem(_ signed: SignedEvidence, _ trusted: [String]) -> String? {
    switch signed.standing {
    case .none: "it is not signed"
    case .bad(let key): "it does not carry the signature that \(key) would have made: it was changed since, or forged"
    case .good(let key) where !trusted.isEmpty && !trusted.contains(key): "it is signed by \(key), which --trust does not list"
    case .good: nil
    }
  }
}

/// What a piece of evidence says, for a person.
struct EvidenceText {
  let evidence: Evidence

  init(_ evidence: Evidence) { self.evidence = evidence }

  var lines: [String] {
    let head = [
      "\(evidence.plan) on \(evidence.environment), run \(evidence.run.prefix(8)), \(evidence.finishedAt)",
      "  release \(evidence.releaseHash.prefix(16)), caisson \(evidence.engineVersion), server \(evidence.serverVersion)",
      "  database \(evidence.identity.database) of cluster \(evidence.identity.system), target \(evidence.target)",
    ]
    let rehearsed = evidence.rollbackRehearsed ? ["  its rollback was rehearsed there"] : []
    return head + rehearsed + evidence.steps.sorted { $0.key < $1.key }.map(Self.line)
  }

  private static func line(_ id: String, _ step: StepProof) -> String {
    let how = switch step.outcome {
    case .executed: "executed in \(step.seconds) s" + (step.verify.isEmpty ? "" : ", verified by \(step.verify.joined(separator: ", "))")
    case .carried: "carried over" + (step.origin.map { " from run \($0.run.prefix(8)) of \($0.finishedAt)" } ?? " from nowhere")
    case .skipped: "skipped" + (step.skipReason.map { ": \($0)" } ?? "")
    case .person: "marked as done by a person"
    }
    return "  \(id)  \(step.uses)  \(how)"
  }
}
