import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let table = """
  CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz NOT NULL, code text UNIQUE);
  INSERT INTO events SELECT i, now() - i * interval '1 day', 'c' || i FROM generate_series(1, 100) i;
  """

@Suite("strategy auto", .database(template: table))
struct StrategyTests {
  private func choice(_ yaml: String, bytes: Int64) async throws -> StrategyChoice {
    let parameters = try PartitionSwap.Parameters.read(yaml: "{table: events, by: at, unique: { events_code_key: append }\(yaml)}", file: "plan.yaml")
    return try await ReadOnlyFacts.with(.current) { facts in
      let step = Step(id: "s", parameters: parameters, phase: "prepare", carry: .null, role: nil, runTag: "r")
      let found = try #require(try await SwapSubject.find(step, facts).subject)
      var size = found.size
      size.bytes = bytes
      return try await StrategyChoice.of(
        SwapSubject(step: step, table: found.table, size: size, key: found.key, primaryKey: found.primaryKey, facts: facts))
    }
  }

  @Test("it chooses by size and by what the plan asks for, and says why", arguments: [
    ("", Int64(1) << 20, false, "small enough"), ("", Int64(51) << 30, true, "takes hours"),
    (", from: 2020-01-01", Int64(51) << 30, false, "`from` asks"),
    (", method: hash, modulus: 4", Int64(51) << 30, false, "no partition for all rows"),
  ])
  func chooses(yaml: String, bytes: Int64, isAttach: Bool, why: String) async throws {
    let choice = try await choice(yaml, bytes: bytes)
    #expect(choice.isAttach == isAttach)
    #expect(choice.findings.map(\.code) == ["swap.strategy"])
    #expect(choice.findings.first?.message.contains(why) ?? false, "\(choice.findings)")
  }

  @Test("many writes count only for a table that takes long to copy")
  func busy() async throws {
    try await TestDatabase.current.script("""
      UPDATE events SET code = code || 'x'; SELECT pg_stat_force_next_flush();
      """)
    #expect(try await choice("", bytes: 1 << 20).isAttach == false)
    #expect(try await choice(", strategy: copy", bytes: 51 << 30).findings.isEmpty)
    #expect(try await choice(", strategy: attach", bytes: 1).isAttach)
  }

  @Test("attaching compiles to")
  func snapshot() async throws {
    let step = "{table: events, by: id, every: 1000, premake: 2, strategy: attach, unique: { events_code_key: append }}"
    let prepare = try await compile(PartitionSwap.self, step)
    let copy = try await compile(PartitionSwap.self, step, phase: "copy", carry: prepare.carry)
    for (program, name) in [(prepare, "attach"), (copy, "attach_copy")] {
      var program = program
      // Its members come in any order.
      program.carry = .null
      try Snapshot.expect(ProgramText.of(program), named: name, major: try await TestServer.major)
    }
  }
}
