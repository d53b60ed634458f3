import Catalog
import Glibc
import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

enum RandomSwaps {
  /// `CAISSON_SWAP_SCHEMAS`, 6 in CI.
  static let count = getenv("CAISSON_SWAP_SCHEMAS").flatMap { UInt64(String(cString: $0)) } ?? 6
}

@Suite("random tables, swapped and taken back", .database(template: InventorySchema.roles), .ownTime(.minutes(20)))
struct RandomSwapTests {
  @Test("only what was decided differs after a swap, and nothing after the way back", arguments: 1...RandomSwaps.count)
  func seed(_ seed: UInt64) async throws {
    let schema = RandomSchema(seed: seed)
    let way = Way.allCases[Int(seed) % Way.allCases.count]
    try await build(schema, way)
    let before = try await SwapTrial.inventory(schema.table)
    let choices = Choices(before, key: way.key, seed: seed)
    let trial = try SwapTrial(schema.table, way.parameters + choices.parameters)
    let intended = IntendedChanges(before: before, key: way.key, choices: choices.all)
    let rows = try await trial.rows(by: "key")
    guard try await trial.apply() else { return }
    #expect(try await trial.rows(by: "key") == rows)
    let changed = before.difference(to: try await trial.inventory())
    #expect(intended.filter(changed).map(\.description) == [])
    try await TestDatabase.current.sql("DELETE FROM \(id: schema.table) WHERE n = 2")
    try await TestDatabase.current.sql("UPDATE \(id: schema.table) SET \"at when\" = '2025-03-04' WHERE n = 4")
    let live = try await trial.rows(by: "key")
    guard try await trial.rollBack() else { return }
    #expect(try await trial.rows(by: "key") == live)
    #expect(before.difference(to: try await trial.inventory()).map(\.description) == [])
    guard try await trial.apply(again: true) else { return }
    #expect(try await trial.rows(by: "key") == live)
    #expect(before.difference(to: try await trial.inventory()) == changed)
    #expect(try await trial.harness.flaws() == [])
  }

  /// What a swap refuses: foreign keys that are not validated, materialized views that their owners may not fill. And what the
  /// test itself runs into: a rule on the table deletes as its owner, who may be anybody.
  private static let mends = """
    GRANT SELECT, DELETE ON ref TO PUBLIC;
    DO $$ DECLARE o record; BEGIN
      FOR o IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated LOOP
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', o.t, o.conname);
      END LOOP;
      FOR again IN 1..3 LOOP
        FOR o IN SELECT oid::regclass AS v FROM pg_class WHERE relkind = 'm' LOOP
          BEGIN
            EXECUTE format('REFRESH MATERIALIZED VIEW %s', o.v);
          EXCEPTION WHEN insufficient_privilege THEN EXECUTE format('ALTER TABLE %s OWNER TO %I', o.v, current_user);
          END;
        END LOOP;
      END LOOP;
    END $$
    """

  private func build(_ schema: RandomSchema, _ way: Way) async throws {
    let connection = try await TestDatabase.current.connect()
    let rows = schema.rows(40, further: [
      ("at when", "'2025-01-01'::timestamptz + i * interval '2 days'"), ("kind", "chr(97 + i % 4)"),
    ])
    let table = schema.table.quoted
    let statements =
      schema.statements + [
        "ALTER TABLE \(table) SET LOGGED",
        "ALTER TABLE \(table) ADD COLUMN \"at when\" timestamptz NOT NULL DEFAULT now(), "
          + "ADD COLUMN kind text COLLATE \"C\" NOT NULL DEFAULT 'a'",
        rows, "ANALYZE", Self.mends,
      ]
    for statement in statements {
      do { _ = try await connection.script(statement) } catch {
        Issue.record("\(statement)\n\(error)")
        throw error
      }
    }
    await connection.close()
  }
}

/// How a random table is partitioned.
private enum Way: CaseIterable {
  case months, hash, list, numbers

  var key: String {
    switch self {
    case .months: "at when"
    case .list: "kind"
    case .hash, .numbers: "key"
    }
  }

  var parameters: [(String, JSON)] {
    let own: [(String, JSON)] = switch self {
    case .months: [("by", "\"at when\""), ("premake", 1), ("to", "2025-05-01")]
    case .hash: [("by", "key"), ("method", "hash"), ("modulus", 3)]
    case .list: [("by", "kind"), ("method", "list"), ("values", [["a"], ["b", "c"]]), ("default_partition", "create")]
    case .numbers: [("by", "key"), ("every", 25), ("premake", 1), ("default_partition", "create")]
    }
    return own + [("chunk", "50ms")]
  }
}

/// Something taken for everything that has to be decided.
private struct Choices {
  var unique: [(String, JSON)] = []
  var incoming: [(String, JSON)] = []
  var exclusion: [(String, JSON)] = []

  init(_ table: TableInventory, key: String, seed: UInt64) {
    var random = SplitMix(state: seed &* 77)
    let primary = table.constraints.first { $0.kind == .primaryKey }?.columns ?? []
    // A guard works as the owner, whom FORCE ROW LEVEL SECURITY may hold: refused.
    let isForced = table.relation.hasRowSecurity && table.relation.forcesRowSecurity
    for index in table.indexes where index.isUnique && !index.isPrimary {
      let columns = index.keys.compactMap(\.column)
      guard !columns.contains(key) else { continue }
      let isDeferrable = table.constraint(index.constraint ?? "")?.isDeferrable ?? false
      let canGuard = columns.count == index.keys.count && index.predicate == nil && !isDeferrable && !isForced
      let ways = ["append", "drop"] + (canGuard ? ["guard", "guard"] : [])
      unique.append((index.name.name, .string(random.pick(ways))))
    }
    for foreign in table.incomingForeignKeys where !(foreign.constraint.reference?.columns.contains(key) ?? false) {
      let canWiden = Set(foreign.constraint.reference?.columns ?? []) == Set(primary)
      incoming.append((foreign.constraint.name, .string(canWiden ? random.pick(["composite", "drop"]) : "drop")))
    }
    for constraint in table.constraints where constraint.kind == .exclusion {
      exclusion.append((constraint.name, .string(isForced ? "per_partition" : random.pick(["per_partition", "guard"]))))
    }
  }

  var all: [String: String] {
    Dictionary((unique + incoming + exclusion).map { ($0.0, $0.1.string ?? "") }) { one, _ in one }
  }

  var parameters: [(String, JSON)] {
    [("unique", unique), ("incoming_foreign_keys", incoming), ("exclusion", exclusion)].map {
      ($0.0, JSON.object(JSONObject($0.1)))
    }
  }
}
