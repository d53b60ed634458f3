@testable import GDPR
import Engine
import Glibc
import JSONText
import PluginAPI
import SQLText
import PlanSchema
import TestSupport
import Testing

@Suite("programs about personal data", .database(template: People.tables + "CREATE SCHEMA aside;"))
struct SnapshotTests {
  @Test("gdpr.anonymize compiles to")
  func anonymize() async throws {
    let keys = try await compile(
      GDPRAnonymize.self,
      People.parameters([
        ("audit_table", ["table": "audit", "subject": "who", "values": ["what": "gone", "data": "{}"]]),
        ("k_anonymity", ["quasi_identifiers": ["born_on"], "k": 3]),
        ("triggers", ["disable": ["users.copied"], "settings": ["app.maintenance": "on"]]),
      ]).text)
    try Snapshot.expect(ProgramText.of(keys), named: "anonymize")
  }

  @Test("gdpr.anonymize with a quarantine compiles to")
  func quarantine() async throws {
    try await TestDatabase.current.script("ALTER TABLE letters ADD COLUMN n serial PRIMARY KEY")
    var program = try await compile(
      GDPRAnonymize.self, People.parameters([("quarantine", ["schema": "aside", "keep": "30 days"])]).text)
    // Its keys come in any order.
    program.carry = .null
    try Snapshot.expect(ProgramText.of(program), named: "quarantine")
  }
}

@Suite("programs about one person", .database(template: Customers.tables))
struct RequestSnapshotTests {
  private let log: String

  init() async throws {
    Customers.setSecrets()
    log = try TemporaryFolder.make(prefix: "erasures", in: try await TestCluster.shared.folder)
  }

  private func expect<Kind: StepKind>(_ kind: Kind.Type, _ with: JSON, named name: String) async throws {
    let parameters = try Kind.Parameters.read(json: with)
    var texts: [String] = [], carry = JSON.null
    for phase in Kind.phases {
      let step = Step(id: "step", parameters: parameters, phase: phase, carry: carry, role: nil, runTag: "r1_step")
      let program = try await ReadOnlyFacts.with(.current) { try await kind.compile(step, SecretFacts($0)) }
      carry = program.carry
      texts.append("phase \(phase)\n" + ProgramText.of(program))
    }
    try Snapshot.expect(texts.joined(separator: "\n\n").replacing(log, with: "/erasures"), named: name)
  }

  @Test("gdpr.erase compiles to")
  func erase() async throws { try await expect(GDPRErase.self, Customers.erase(log), named: "erase") }

  @Test("gdpr.replay compiles to")
  func replay() async throws {
    let backup = try await Backup.take()
    try await harness("gdpr.erase", Customers.erase(log)).applied()
    try await backup.restore()
    try await TestDatabase.current.script("DROP SCHEMA caisson CASCADE")
    try await expect(GDPRReplay.self, Customers.replay(log), named: "replay")
  }

  @Test("gdpr.export compiles to")
  func export() async throws {
    try await expect(
      GDPRExport.self,
      ["map": Customers.map, "subject": "${env:CAISSON_TEST_SUBJECT}", "to": "out", "redact": ["customer.password_hash"]],
      named: "export")
  }
}

/// Facts that know the secrets of `Customers`, as the engine's do.
private struct SecretFacts: Facts {
  let facts: ReadOnlyFacts
  init(_ facts: ReadOnlyFacts) { self.facts = facts }

  var capabilities: Capabilities { facts.capabilities }
  func rows(_ query: SQL) async throws -> [Row] {
    try await facts.rows(
      query.resolving { reference in getenv(String(reference.dropFirst(6).dropLast())).map { String(cString: $0) } ?? "" })
  }
  func file(_ path: String) async throws -> String { try await facts.file(path) }
  func records(in folder: String, ending suffix: String) async throws -> [String: String] {
    try await facts.records(in: folder, ending: suffix)
  }
  func program(_ arguments: [String]) async throws -> String { try await facts.program(arguments) }
  func admin(_ show: String, on console: Secret) async throws -> [Row] { try await facts.admin(show, on: console) }
}
