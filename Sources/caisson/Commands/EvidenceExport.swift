import BuiltinPlugins
import CommandLineKit
import Digest
import Engine
import Journal
import JSONText
import PlanModel

/// `caisson evidence export ENVIRONMENT [--run ID] [--key FILE] [--out FILE]`
struct EvidenceExportCommand: Command {
  private static let key = OptionSpec.value("key", "FILE", .file, "sign with this private key [the environment's signing_key]")

  static let spec = CommandSpec(
    "export", summary: "write what a run has proven to a signed file",
    discussion: """
      For an environment that cannot read this journal: it names the file under requires.from and lists the public key
      under requires.trust. The file holds no secret and no row of a table.
      """,
    arguments: [.environment], options: [.run, key, EvidenceGroup.out, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson evidence export staging.yaml --out staging-evidence.json", "the latest run's"),
      CommandExample("caisson evidence export staging.yaml --key staging.key --out proof.json", "signed with that key"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let target = try await chosen.target()
    let runner = Runner(chosen.resolved, target: target, registry: .builtin)
    let record = try await chosen.writing("evidence") { connection -> EvidenceRecord? in
      let reader = JournalReader(connection), id = parsed.value(.run)
      guard let run = try await reader.run(id, of: chosen) else { return nil }
      try await runner.prove(run.id, on: connection)
      let environment = chosen.resolved.environment.name, plan = chosen.resolved.plan.name
      return try await reader.ownEvidence(plan: plan, environment: environment, run: id == nil ? nil : run.id, limit: 1).first
    }
    await target.close()
    guard let record else {
      throw CommandFailure(.refused, "\(chosen.title): no run has proven anything yet", next: chosen.next("apply"))
    }
    let signed = try signed(try valid(record, chosen), by: runner)
    let text = signed.file.pretty
    guard let path = parsed.value(EvidenceGroup.out) else {
      console.print(text)
      return .done
    }
    try NewFile.write(text + "\n", to: path)
    if console.format == .text { console.print(path) } else {
      console.print(["file": .string(path), "evidence": .string(record.id), "run": .string(record.run), "signer": JSON(signed.signer)])
    }
    return .done
  }

  /// What does not stand is not given away.
  private func valid(_ record: EvidenceRecord, _ chosen: ChosenEnvironment) throws -> SignedEvidence {
    let run = record.run.prefix(8)
    if record.isVoid {
      throw CommandFailure(
        .refused, "the evidence of run \(run) is void: this database is a copy of the one that it was made for",
        next: chosen.next("apply", "--again"))
    }
    if let state = record.runState, state != "succeeded" {
      throw CommandFailure(
        .refused, "run \(run) is \(state): what it proved does not stand any more", next: chosen.next("apply"))
    }
    return try SignedEvidence(record.body, signer: record.signer, signature: record.signature)
  }

  private func signed(_ evidence: SignedEvidence, by runner: Runner) throws -> SignedEvidence {
    if let path = parsed.value(Self.key) {
      guard let key = Ed25519.PrivateKey(parsing: try SourceFile(path).text) else {
        throw CommandFailure(.usage, "'\(path)' holds no signing key", hint: "a key is what caisson evidence keygen wrote")
      }
      return try SignedEvidence(evidence.evidence, by: key)
    }
    if evidence.signer != nil { return evidence }
    guard let key = try runner.signingKey() else {
      throw CommandFailure(
        .refused, "the evidence is not signed, and a file is believed by its signature only",
        hint: "give the environment a signing_key, or --key FILE", next: "caisson evidence keygen")
    }
    return try SignedEvidence(evidence.evidence, by: key)
  }
}
