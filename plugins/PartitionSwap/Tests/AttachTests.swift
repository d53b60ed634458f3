import Catalog
import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("partition.swap, strategy attach", .database(template: AttachSample.script), .ownTime(.minutes(5)))
struct AttachTests {
  private func harness() throws -> EngineHarness {
    try EngineHarness(AttachSample.step, registry: StepRegistry([PartitionSwapPlugin.self]))
  }

  @Test("the table is the first partition, in its place everything that hung on it, and going back loses nothing")
  func thereAndBack() async throws {
    let before = try await AttachSample.inventory()
    let rows = try await AttachSample.digest()
    let file = try await value("SELECT pg_relation_filenode('orders')")
    let harness = try harness()
    try await harness.applied()
    #expect(try await value("SELECT relkind = 'p' FROM pg_class WHERE oid = 'orders'::regclass") == "t")
    #expect(try await value("SELECT pg_relation_filenode('orders_history')") == file)
    #expect(try await value("SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = 'orders_history'::regclass") == "orders")
    #expect(try await AttachSample.digest() == rows)
    let after = try await AttachSample.inventory()
    #expect(before.difference(to: after).filter { $0.aspect != "access method" }.map(\.description) == AttachTests.intended)
    #expect(try await value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0")
    #expect(try await value("SELECT count(*) FROM pg_constraint WHERE conname LIKE 'caisson%' OR NOT convalidated AND conparentid = 0") == "0")
    #expect(try await value("SELECT count(*) = (SELECT count(DISTINCT customer) FROM orders) FROM sums") == "t")
    try await writeAfterwards()
    let live = try await AttachSample.digest()
    try await harness.rolledBack()
    #expect(try await AttachSample.digest() == live)
    let end = try await AttachSample.inventory()
    #expect(before.difference(to: end).map(\.description) == [])
    try await stillUsed(after: 3003)
    #expect(try await value("SELECT count(*) FROM pg_class WHERE relname ~ '_(new|history|old|p2)'") == "0")
    #expect(try await harness.flaws() == [])
  }

  /// Inserts of this month and of one that has a partition of its own, a change, a deletion that cascades.
  private func writeAfterwards() async throws {
    try await TestDatabase.current.script("""
      INSERT INTO orders (customer, total, note, code) VALUES (7, 1, 'after', 'now');
      INSERT INTO orders (customer, total, note, code, placed_at) VALUES (7, 1, 'later', 'later', now() + interval '3 months');
      UPDATE orders SET total = 5, note = 'quiet' WHERE id = 10; DELETE FROM orders WHERE id = 12;
      """)
    #expect(try await value("SELECT id || ' ' || serial_no FROM orders WHERE note = 'after'") == "3001 3001")
    #expect(try await value("SELECT tableoid::regclass <> 'orders_history'::regclass FROM orders WHERE note = 'later'") == "t")
    #expect(try await value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM heard WHERE id > 3000") == "3001 3002")
    #expect(try await value("SELECT count(*) FROM lines WHERE order_id = 12") == "0")
    #expect(try await value("SELECT counted()") == "3001")
    #expect(try await value("SELECT bool_and(relrowsecurity) FROM pg_class WHERE relname LIKE 'orders_p2%' AND relkind = 'r'") == "t")
    #expect(try await value("SELECT has_table_privilege('pg_monitor', 'orders_history', 'SELECT')::text") == "false")
  }

  private func stillUsed(after last: Int) async throws {
    try await TestDatabase.current.script("INSERT INTO orders (customer, total, note) VALUES (7, 1, 'again')")
    #expect(try await value("SELECT id FROM orders WHERE note = 'again'") == "\(last)")
    #expect(try await value("SELECT count(*) FROM heard WHERE id = \(sql: String(last))") == "1")
    await #expect(throws: PostgresError.self) {
      try await TestDatabase.current.script("INSERT INTO lines (order_id) VALUES (999999)")
    }
  }

  /// What the choices change, and what a partitioned table does not have: the partition has it.
  private static let intended = [
    "table, kind: table became partitioned table",
    "table, option fillfactor: lost: 80",
    "constraint orders_parent: lost",
    "constraint orders_pkey, definition: PRIMARY KEY (id) INCLUDE (customer) became"
      + " PRIMARY KEY (id, placed_at) INCLUDE (customer)",
    "constraint orders_code, definition: UNIQUE (code) DEFERRABLE INITIALLY DEFERRED became"
      + " UNIQUE (code, placed_at) DEFERRABLE INITIALLY DEFERRED",
    "foreign key lines_order of public.lines, definition: FOREIGN KEY (order_id) REFERENCES public.orders(id)"
      + " ON DELETE CASCADE became FOREIGN KEY (order_id, order_id_placed_at) REFERENCES public.orders(id, placed_at)"
      + " MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE",
    "foreign key notes_order of public.notes: lost",
    "foreign key tags_order of public.tags, relies on: both_keys became orders_pkey",
    "index public.orders_code, definition: btree (code) became btree (code, placed_at)",
    "index public.orders_once: lost",
    "index public.orders_pkey, definition: btree (id) INCLUDE (customer) WITH (fillfactor='80') became"
      + " btree (id, placed_at) INCLUDE (customer) WITH (fillfactor='80')",
    "index public.orders_total, clustered: lost: yes",
  ]

  @Test("ATTACH PARTITION reads nothing and builds nothing")
  func nothingRead() async throws {
    try await TestDatabase.current.script("DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET log_min_messages = debug1', current_database()); END$$")
    try await harness().applied()
    let entries = TestDatabase.current.cluster.log.entries(database: TestDatabase.current.name)
    #expect(entries.contains { $0.contains("partition constraint for table \"orders_history\" is implied by existing constraints") })
    let work = entries.filter { $0.contains("orders_history\"") && ($0.contains("building index") || $0.contains("verifying table") || $0.contains("rewriting table") || $0.contains("validating foreign key")) }
    #expect(work == [])
    #expect(try await value("SELECT string_agg(i.relname, ' ' ORDER BY 1) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = 'orders_history'::regclass AND i.relname !~ '_history$'") == nil)
  }

  @Test("run a second time it changes nothing")
  func twice() async throws {
    let first = try harness()
    try await first.applied()
    let state = try await catalog()
    if case .alreadyApplied = try await harness().runner().apply().ending {} else { Issue.record("applied again") }
    let again = try await compile(PartitionSwap.self, "{\(AttachSample.choices)}")
    #expect(again.operations.isEmpty && again.refusals.isEmpty)
    #expect(try await catalog() == state)
  }

  @Test("stopped after every operation it ends the same, there and back", arguments: [StopSignal.Stage.finish, .cancel])
  func stopped(stage: StopSignal.Stage) async throws {
    let before = try await AttachSample.inventory()
    let harness = try harness()
    let rounds = try await inPieces(harness, stage) { try await $0.apply().ending } done: {
      if case .succeeded = $0 { true } else { false }
    }
    #expect(rounds > 6)
    #expect(try await value("SELECT count(*) FROM orders") == "3000")
    #expect(try await value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0")
    try await inPieces(harness, stage) { try await $0.rollback().ending } done: {
      if case .rolledBack = $0 { true } else { false }
    }
    #expect(before.difference(to: try await AttachSample.inventory()).map(\.description) == [])
    #expect(try await harness.flaws() == [])
  }

  /// Stops as soon as an operation is done, by either stage.
  @discardableResult private func inPieces(
    _ harness: EngineHarness, _ stage: StopSignal.Stage, _ work: @escaping @Sendable (Runner) async throws -> RunReport.Ending,
    done: (RunReport.Ending) -> Bool
  ) async throws -> Int {
    for round in 1...200 {
      let stop = StopSignal()
      let runner = harness.runner(stop: stop) { event in
        if case .operationDone = event { stop.raise(to: stage) }
      }
      let ending = try await work(runner)
      if done(ending) { return round }
      guard case .interrupted = ending else {
        Issue.record("round \(round): \(ending)")
        return round
      }
    }
    Issue.record("it does not end")
    return 0
  }

  @Test("what a partition cannot be is refused, with the way out", arguments: [
    ("method: hash, modulus: 4, every: 1 month", "no partition for all rows"),
    ("unique: { orders_code: guard, orders_once: drop }", "a guard for orders_code"),
  ])
  func refused(more: String, words: String) async throws {
    let program = try await compile(PartitionSwap.self, "{table: orders, by: placed_at, strategy: attach, \(more)}")
    #expect(program.refusals.contains { $0.message.contains(words) && $0.choices == ["strategy: copy"] }, "\(program.refusals)")
  }

  @Test("more rows in later partitions than may be moved under the lock: going back says what to set")
  func tooMany() async throws {
    let step = AttachSample.step.replacing("chunk: 20ms", with: "chunk: 20ms, cutover: { backlog: 5 }")
    let harness = try EngineHarness(step, registry: StepRegistry([PartitionSwapPlugin.self]))
    try await harness.applied()
    try await TestDatabase.current.script("""
      INSERT INTO orders (customer, total, placed_at) SELECT 1, 1, now() + interval '3 months' FROM generate_series(1, 6)
      """)
    let report = try await harness.runner().rollback()
    if case .rolledBack = report.ending { Issue.record("went back") }
    #expect(harness.events.text.contains("6 rows were written to later partitions") || "\(report.ending)".contains("6 rows"), "\(report.ending) \(harness.events.text.suffix(800))")
    try await TestDatabase.current.script("DELETE FROM orders WHERE placed_at > now() + interval '2 months'")
    try await harness.rolledBack()
  }
}
