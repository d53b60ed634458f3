import Catalog
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

/// What cannot be carried over is named first, then taken away.
private let database = InventorySchema.script + #"""
  ;INSERT INTO other."Verlag" SELECT g, 'v' || g FROM generate_series(3, 20) g;
  INSERT INTO "Bücher ""Archiv"". it's v1" (zweite, verlag, "select", zeit, "Preis netto")
    SELECT g, g, 'v' || g, '2025-01-01'::timestamptz + g * interval '5 days', g FROM generate_series(3, 20) g;
  ALTER TABLE "Bücher ""Archiv"". it's v1" VALIDATE CONSTRAINT fern;
  INSERT INTO other.leser SELECT g, g FROM generate_series(1, 9) g;
  """#

@Suite("the hostile table, swapped and taken back", .database(template: database), .ownTime(.minutes(5)))
struct HostileSwapTests {
  private let table = InventorySchema.table

  private static let choices: [(String, [(String, JSON)])] = [
    ("unique", [("idx USING btree (x", "append")]),
    ("incoming_foreign_keys", [("liest ein", "composite"), ("selbst", "drop")]),
    ("exclusion", [("ausschluss", "per_partition")]),
  ]

  private func trial(_ choices: [(String, [(String, JSON)])] = choices, publications: JSON = "transfer") throws -> SwapTrial {
    try SwapTrial(
      table,
      [("by", "zeit"), ("every", "3 months"), ("premake", 0), ("publications", publications)]
        + choices.map { ($0.0, JSON.object(JSONObject($0.1))) })
  }

  @Test("everything that has to be decided is named, with its choices, and nothing is written")
  func refused() async throws {
    let before = try await catalog()
    let refusals = try await trial([], publications: "refuse").refusals()
    for word in ["idx USING btree (x", "liest ein", "selbst", "ausschluss", "inv pub", "inv_schema", "nach_schlüssel"] {
      #expect(refusals.contains { $0.message.contains(word) && !$0.choices.isEmpty }, "\(word)")
    }
    #expect(try await catalog() == before)
    #expect(try await value("SELECT to_regnamespace('caisson') IS NULL") == "t")
  }

  @Test("only what was decided differs after the swap, nothing after the way back, and the same after the second swap")
  func swapped() async throws {
    try await TestDatabase.current.script(
      #"DROP VIEW "Odd Schema.x".nach_schlüssel; DROP PUBLICATION inv_schema"#)
    let trial = try trial()
    let before = try await trial.inventory()
    let intended = IntendedChanges(
      before: before, key: "zeit",
      choices: ["idx USING btree (x": "append", "liest ein": "composite", "selbst": "drop", "ausschluss": "per_partition", "inv pub": "transfer"])
    let rows = try await trial.rows(by: "id")
    guard try await trial.apply() else { return }
    #expect(try await trial.rows(by: "id") == rows)
    let changed = before.difference(to: try await trial.inventory())
    #expect(intended.filter(changed).map(\.description) == [])
    guard try await trial.rollBack() else { return }
    #expect(before.difference(to: try await trial.inventory()).map(\.description) == [])
    #expect(try await trial.rows(by: "id") == rows)
    guard try await trial.apply(again: true) else { return }
    #expect(before.difference(to: try await trial.inventory()) == changed)
    #expect(try await trial.rows(by: "id") == rows)
    #expect(try await trial.harness.flaws() == [])
  }
}
