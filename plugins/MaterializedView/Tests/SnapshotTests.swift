@testable import MaterializedView
import PluginAPI
import TestSupport
import Testing

@Suite("programs about materialized views", .database(template: Tower.tables))
struct SnapshotTests {
  @Test("matview.create of a view that is missing compiles to")
  func create() async throws {
    let program = try await compile(
      MatviewCreate.self,
      """
      {name: mv, query: "SELECT id, status FROM vehicles", unique_key: [id], grants: {PUBLIC: SELECT}, comment: "it's",
       indexes: [{columns: ["lower(status)", id], where: "id > 3", include: [status], name: "Odd"}],
       verify: ["SELECT count(*) = 100 FROM mv"], refresh: {timeout: 5min}}
      """)
    try Snapshot.expect(ProgramText.of(program.withoutCarry), named: "create")
  }

  @Test("a changed definition compiles to")
  func changed() async throws {
    let first = try await program("define", Tower.changed.text, carry: nil)
    try Snapshot.expect(ProgramText.of(first.withoutCarry), named: "define", major: try await TestServer.major)
    try await TestDatabase.current.script(
      "CREATE MATERIALIZED VIEW stats_caisson_new AS \(Tower.changed["query"]?.string ?? "") WITH NO DATA")
    let build = try await program("build", Tower.changed.text, carry: first)
    try Snapshot.expect(ProgramText.of(build.withoutCarry), named: "build", major: try await TestServer.major)
    let exchange = try await program("exchange", Tower.changed.text, carry: build)
    try Snapshot.expect(ProgramText.of(exchange.withoutCarry).withoutDigests, named: "exchange", major: try await TestServer.major)
  }

  @Test("matview.refresh compiles to")
  func refresh() async throws {
    let program = try await compile(MatviewRefresh.self, "{all: true}")
    try Snapshot.expect(ProgramText.of(program), named: "refresh")
  }

  private func program(_ phase: String, _ yaml: String, carry: Program?) async throws -> Program {
    let parameters = try MatviewCreate.Parameters.read(yaml: yaml, file: "plan.yaml")
    let step = Step(
      id: "step", parameters: parameters, phase: phase, carry: carry?.carry ?? .null, role: nil, runTag: "r1_step")
    return try await ReadOnlyFacts.with(.current) { try await MatviewCreate.compile(step, $0) }
  }
}

extension Program {
  fileprivate var withoutCarry: Program {
    var copy = self
    copy.carry = .null
    return copy
  }
}

extension String {
  /// Fingerprints and the oids in them differ from database to database.
  fileprivate var withoutDigests: String {
    split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.contains("sha256") }.map { line in
      line.replacing(#/'[0-9a-f]{64}'/#, with: "'…'").replacing(#/\d+::oid/#, with: "N::oid")
    }.joined(separator: "\n")
  }
}
