import Engine
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

private let database = """
  CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, v int);
  INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * interval '2 hours', i FROM generate_series(1, 400) i; ANALYZE;
  """

@Suite("a cutover that waits for its moment", .database(template: database), .ownTime(.minutes(5)))
struct GatedCutoverTests {
  private func trial(_ cutover: JSON, policy: [(String, JSON)] = []) throws -> SwapTrial {
    try SwapTrial(
      QualifiedName("public", "orders"), [("by", "at"), ("premake", 0), ("cutover", cutover)], policy: policy)
  }

  private func waits(_ trial: SwapTrial) async throws -> [ClosedGate] {
    let ending = try await trial.harness.runner().apply().ending
    if case .waiting(let gates) = ending { return gates }
    Issue.record("\(ending)")
    return []
  }

  private func kind() async throws -> String? { try await value("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass") }

  @Test("when: manual: copied, compared, and then it waits until another role approves; what is written meanwhile comes along")
  func manual() async throws {
    let trial = try trial(["when": "manual"])
    let gates = try await waits(trial)
    #expect(gates.count == 1 && gates[0].isVoted && gates[0].step == "swap", "\(gates)")
    #expect(trial.harness.events.text.contains("compare "))
    #expect(try await kind() == "r")
    try await TestDatabase.current.script("UPDATE orders SET v = -1 WHERE id = 7")
    #expect(try await waits(trial).count == 1)
    // As another login would do it.
    try await TestDatabase.current.script("UPDATE caisson.run SET started_by = 'somebody else'")
    let approved = try await value("""
      SELECT a.state FROM caisson.run r, LATERAL caisson.approve(r.run_id, 'step:swap', r.plan_hash, 'p', NULL) a
      """)
    #expect(approved == "open")
    guard try await trial.apply() else { return }
    #expect(try await kind() == "p")
    #expect(try await value("SELECT v FROM orders WHERE id = 7") == "-1")
    guard try await trial.rollBack() else { return }
  }

  @Test("window: names change hands within it alone, by its own zone")
  func window() async throws {
    // Hours on either side: what is open stays so however long the test takes, and what is closed does as well.
    func hours(_ from: Int, _ to: Int) async throws -> JSON {
      let text = try await value("""
        SELECT format('%s-%s UTC', to_char(at + \(from) * interval '1 hour', 'HH24:MI'), to_char(at + \(to) * interval '1 hour', 'HH24:MI'))
        FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS at) x
        """)
      return .string(try #require(text))
    }
    let closed = try trial(["window": try await hours(4, 6)])
    let gates = try await waits(closed)
    #expect(gates.count == 1 && gates[0].kind == "window" && gates[0].wait != nil, "\(gates)")
    #expect(closed.harness.events.text.contains("compare "))
    #expect(try await kind() == "r")
    guard try await closed.rollBack() else { return }
    let open = try trial(["window": try await hours(-3, 3)])
    guard try await open.apply() else { return }
    #expect(try await kind() == "p")
    guard try await open.rollBack() else { return }
  }

  @Test("throttled, a partition is indexed only when the gate is open")
  func throttled() async throws {
    let indexed: SQL = """
      SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indrelid JOIN pg_class c ON c.oid = h.inhparent
      WHERE c.relname = 'orders_new'
      """
    let gate = "SELECT (\(indexed.text)) <> 1 OR to_regclass('gone') IS NOT NULL".replacing("\n", with: " ")
    let trial = try trial([:], policy: [("throttle", ["query": .string(gate)])])
    let running = Task { try await trial.harness.runner().apply() }
    #expect(await trial.harness.events.says("throttled"))
    #expect(try await value(indexed) == "1")
    try await TestDatabase.current.script("CREATE TABLE gone ()")
    guard case .succeeded = try await running.value.ending else {
      Issue.record("\(trial.harness.events.text.suffix(2000))")
      return
    }
  }
}
