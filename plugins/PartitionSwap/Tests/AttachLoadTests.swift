import PluginAPI
import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("strategy attach beside clients", .database(template: AttachSample.script), .ownTime(.minutes(3)))
struct AttachLoadTests {
  @Test("no write is lost, there and back, and clients see nothing but what their isolation level allows")
  func underLoad() async throws {
    let step = AttachSample.step.replacing("retry:", with: "max_stall: 1s\n    retry:")
    let harness = try EngineHarness(step, registry: StepRegistry([PartitionSwapPlugin.self]))
    let clients = Clients(.current, count: 4)
    try await harness.applied()
    clients.goesFar.store(true, ordering: .relaxed)
    try await Task.sleep(for: .milliseconds(400))
    try await clients.expectComplete("after the swap")
    try await harness.rolledBack()
    clients.goesFar.store(false, ordering: .relaxed)
    try await Task.sleep(for: .milliseconds(300))
    await clients.stop()
    try await clients.expectComplete("after going back")
    let counts = clients.counts
    #expect(Set(counts.keys).isSubset(of: ["ok", "40001", "40P01"]), "\(counts)")
    #expect((counts["ok"] ?? 0) > 200, "\(counts)")
    #expect(try await harness.flaws() == [])
  }
}

/// Connections that insert, change and delete rows of their own and know what should be there.
private final class Clients: Sendable {
  private struct Known {
    /// Total by id.
    var rows: [String: Int] = [:]
    var counts: [String: Int] = [:]
  }

  /// Whether rows of later partitions are written.
  let goesFar = Atomic(false)
  private let isPaused = Atomic(false)
  private let isStopped = Atomic(false)
  /// How many have a transaction open.
  private let busy = Atomic(0)
  private let known: Mutex<[Known]>
  private let tasks = Mutex<[Task<Void, Never>]>([])
  private let database: TestDatabase

  init(_ database: TestDatabase, count: Int) {
    self.database = database
    known = Mutex(Array(repeating: Known(), count: count))
    let works = (0..<count).map { number in Task.detached { [self] in await work(number) } }
    tasks.withLock { $0 = works }
  }

  var counts: [String: Int] {
    known.withLock { $0 }.reduce(into: [:]) { all, one in all.merge(one.counts) { $0 + $1 } }
  }

  func stop() async {
    isStopped.store(true, ordering: .relaxed)
    for task in tasks.withLock({ $0 }) { await task.value }
  }

  /// Each row a client has committed, and no other of its own.
  func expectComplete(_ when: String) async throws {
    isPaused.store(true, ordering: .sequentiallyConsistent)
    while busy.load(ordering: .sequentiallyConsistent) > 0 { try await Task.sleep(for: .milliseconds(5)) }
    for (number, one) in known.withLock({ $0 }).enumerated() {
      let rows = try await database.sql("SELECT id, total::int FROM orders WHERE note = \("client \(number)")").rows
      let found = Dictionary(rows.map { ($0[0] ?? "", Int($0[1] ?? "") ?? -1) }, uniquingKeysWith: { _, _ in -2 })
      let wrong = Set(found.keys).union(one.rows.keys).filter { found[$0] != one.rows[$0] }.sorted()
      let words = wrong.prefix(5).map { "\($0): \(found[$0] ?? 0), and was \(one.rows[$0] ?? 0)" }
      #expect(wrong.isEmpty, "\(when), client \(number): \(words)")
    }
    isPaused.store(false, ordering: .relaxed)
  }

  private func work(_ number: Int) async {
    var random = Dice(number)
    guard let connection = try? await database.connect() else { return }
    _ = try? await connection.script("PREPARE more(bigint) AS UPDATE orders SET total = total + 1 WHERE id = $1")
    while !isStopped.load(ordering: .relaxed) {
      busy.add(1, ordering: .sequentiallyConsistent)
      if !isPaused.load(ordering: .sequentiallyConsistent) { await transaction(number, connection, &random) }
      busy.subtract(1, ordering: .sequentiallyConsistent)
      try? await Task.sleep(for: .milliseconds(4))
    }
    await connection.close()
  }

  private func transaction(_ number: Int, _ connection: Connection, _ random: inout Dice) async {
    var rows = known.withLock { $0[number].rows }
    let level = Int.random(in: 0..<3, using: &random) == 0 ? "REPEATABLE READ" : "READ COMMITTED"
    do {
      try await connection.script("BEGIN ISOLATION LEVEL \(level); SELECT 1")
      try await deed(number, connection, &random, &rows)
      try await connection.script("COMMIT")
      known.withLock {
        $0[number].rows = rows
        $0[number].counts["ok", default: 0] += 1
      }
    } catch {
      let state = (error as? PostgresError)?.sqlState ?? "\(error)"
      known.withLock { $0[number].counts[state, default: 0] += 1 }
      _ = try? await connection.script("ROLLBACK")
    }
  }

  private func deed(
    _ number: Int, _ connection: Connection, _ random: inout Dice, _ rows: inout [String: Int]
  ) async throws {
    let one = rows.keys.sorted().randomElement(using: &random)
    switch (Int.random(in: 0..<6, using: &random), one) {
    case (0, let id?):
      try await connection.script("DELETE FROM orders WHERE id = \(id)")
      rows[id] = nil
    case (1...2, let id?):
      try await connection.script("EXECUTE more(\(id))")
      rows[id, default: 0] += 1
    case (3, let id?) where goesFar.load(ordering: .relaxed):
      try await connection.script("UPDATE orders SET placed_at = placed_at + interval '2 months' WHERE id = \(id) AND placed_at < now()")
    default:
      let far = goesFar.load(ordering: .relaxed) && Bool.random(using: &random) ? "now() + interval '3 months'" : "now()"
      let made = try await connection.query(
        SQL(verbatim: """
          INSERT INTO orders (customer, total, note, placed_at) VALUES (1, 1, 'client \(number)', \(far)) RETURNING id
          """))
      rows[made.value ?? ""] = 1
    }
  }
}

/// The same throws for the same number.
private struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
