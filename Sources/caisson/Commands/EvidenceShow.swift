import CommandLineKit
import Engine
import Journal
import JSONText
import PlanModel

/// `caisson evidence show ENVIRONMENT`
struct EvidenceShowCommand: Command {
  static let spec = CommandSpec(
    "show", summary: "list what a target's runs have proven, and what let runs begin here",
    discussion: "Reads the journal only.",
    arguments: [.environment], options: [.environment, .target, .variable, .output],
    examples: [CommandExample("caisson evidence show production.yaml", "what staging proved, and which run it admitted")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let plan = chosen.resolved.plan.name, environment = chosen.resolved.environment.name
    let records = try await chosen.reading("evidence") { reader -> [EvidenceRecord] in
      guard let reader else { return [] }
      let own = try await reader.ownEvidence(plan: plan, environment: environment)
      return own + (try await reader.acceptedEvidence()).filter { $0.body["plan"]?.string == plan }
    }
    switch console.format {
    case .json: console.print(.array(records.map(\.json)))
    case .ndjson: for record in records { console.print(record.json) }
    case .text:
      console.print(table(records))
      if records.isEmpty { console.note("\(chosen.title): no evidence yet") }
    }
    return .done
  }

  private func table(_ records: [EvidenceRecord]) -> TextTable {
    var table = TextTable([
      .left("evidence"), .left("of"), .left("run"), .left("release"), .left("admits"), .left("state"),
      .left("signed by", shrinks: true),
    ])
    for record in records {
      table.add([
        String(record.id.prefix(8)), record.environment, String(record.run.prefix(8)),
        String((record.body["release_hash"]?.string ?? "").prefix(8)), record.admits.map { String($0.prefix(8)) } ?? "",
        record.isVoid ? "void" : record.runState ?? "pruned", record.signer ?? "",
      ])
    }
    return table
  }
}

extension EvidenceRecord {
  var json: JSON {
    [
      "evidence": .string(id), "environment": .string(environment), "target": .string(target), "run": .string(run),
      "admits": JSON(admits), "run_state": JSON(runState), "void": .bool(isVoid), "signer": JSON(signer), "body": body,
    ]
  }
}
