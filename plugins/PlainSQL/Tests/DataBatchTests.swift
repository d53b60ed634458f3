import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import TestSupport
import Testing
import YAMLTree

@testable import PlainSQL

@Suite("data.batch", .database(template: fleet))
struct DataBatchTests {
  @Test(
    "compiles to chunks along the key",
    arguments: [
      ("set", "table: vehicles\nset: {status: \"upper(status)\", notes: NULL}\nwhere: status <> upper(status)"),
      (
        "set_kept",
        "table: vehicles\nset: {status: \"'idle'\"}\nwhere: status = 'active' -- all of them\nkeep_undo: true\nkey: [plate, organization_id]"
      ),
      ("set_sliced", "table: vehicles\nset: {km: 0}\nwhere: km <> 0\nworkers: 2\nchunk: 1s\nverify: none"),
      ("delete", "table: archive\ndelete: true\nwhere: plate IS NULL\nkeep_undo: true"),
      (
        "insert",
        "table: vehicles\ninsert_into: {table: archive, columns: {id: id, plate: plate, kind: \"'{}'\"}}\nwhere: km > 10\nconflict: nothing"
      ),
      (
        "insert_update",
        "table: vehicles\ninsert_into: {table: plates, columns: {organization_id: organization_id, plate: plate, seen: '2'}, key: [organization_id, plate]}\nconflict: update"
      ),
      ("insert_kept", "table: vehicles\ninsert_into: {table: archive, columns: {id: id}}\nkeep_undo: true"),
      ("partitioned", "table: logs\nset: {v: 1}\nwhere: v IS NULL"),
    ])
  func compiles(name: String, yaml: String) async throws {
    let facts = LiveFacts(connection: try await TestDatabase.current.connect())
    let program = try await facts.compile(DataBatch.self, yaml)
    #expect(program.refusals.isEmpty)
    try Snapshot.expect(ProgramText(program: program).text, named: "batch_\(name)")
    for operation in program.operations + undone(program.operations) where operation.work.kind == "chunked" {
      #expect(!operation.locks.isEmpty, "the chunk's statement can be parsed")
    }
  }

  private func undone(_ operations: [Operation]) -> [Operation] {
    operations.flatMap { operation -> [Operation] in
      if case .operations(let list) = operation.undo { return list }
      return []
    }
  }

  @Test(
    "says what a person has to know",
    arguments: [
      ("table: vehicle\nset: {km: 0}\nwhere: km <> 0", "batch.table", "did you mean public.vehicles?"),
      ("table: active\nset: {km: 0}\nwhere: km <> 0", "batch.kind", nil),
      ("table: heap\nset: {a: 0}\nwhere: a <> 0", "batch.no_key", nil),
      ("table: vehicles\nkey: [plate]\nset: {km: 0}\nwhere: km <> 0", "batch.key", "key: [organization_id, plate]"),
      ("table: vehicles\nset: {milles: 0}\nwhere: km <> 0", "batch.column", "did you mean miles?"),
      ("table: vehicles\nset: {miles: 0}\nwhere: km <> 0", "batch.generated", nil),
      ("table: vehicles\nset: {id: 0}\nwhere: km <> 0", "batch.generated", nil),
      ("table: vehicles\nkey: [organization_id, plate]\nset: {plate: 0}\nwhere: km <> 0", "batch.key_changed", nil),
      ("table: logs\nset: {v: 0}\nwhere: v <>", "sql.syntax", nil),
      ("table: logs\nset: {v: 0}\nwhere: 'true) OR (true'", "sql.syntax", nil),
      ("table: logs\nset: {v: '0, at = now()'}\nwhere: 'true'", "sql.syntax", nil),
      ("table: logs\nset: {v: nope()}\nwhere: v = 1", "batch.statement", nil),
      ("table: logs\nset: {v: 0}\nwhere: vv = 1", "batch.statement", nil),
      ("table: logs\nset: {v: \"'x'::json\"}\nwhere: v = 1", "batch.statement", nil),
      ("table: vehicles\ndelete: true\nwhere: km = 1\nkeep_undo: true", "batch.cascade", nil),
      ("table: vehicles\ninsert_into: {table: nothere, columns: {id: id}}", "batch.table", nil),
      ("table: vehicles\ninsert_into: {table: archive, columns: {idd: id}}", "batch.column", nil),
      ("table: vehicles\ninsert_into: {table: heap, columns: {a: 1}}\nkeep_undo: true", "batch.no_key", nil),
      (
        "table: vehicles\ninsert_into: {table: plates, columns: {plate: plate}}\nconflict: update",
        "batch.conflict_key", nil
      ),
      ("table: vehicles\ninsert_into: {table: vehicles, columns: {miles: 1}}", "batch.generated", nil),
    ] as [(String, String, String?)])
  func refuses(yaml: String, code: String, choice: String?) async throws {
    let facts = LiveFacts(connection: try await TestDatabase.current.connect())
    let program = try await facts.compile(DataBatch.self, yaml)
    let refusal = try #require(program.refusals.first { $0.code == code }, "\(program.findings)")
    #expect(refusal.range?.isNowhere == false)
    #expect(!refusal.choices.isEmpty)
    if let choice { #expect(refusal.choices.contains(choice)) }
  }

  @Test(
    "warns and notes without refusing",
    arguments: [
      ("table: vehicles\nset: {km: 0}\nwhere: km <> 0", "batch.triggers", "vehicles_touch"),
      ("table: vehicles\ndelete: true\nwhere: km = 1", "batch.cascade", "trips_vehicle_id_fkey"),
      ("table: vehicles\ndelete: true\nwhere: km = 1", "batch.unindexed_reference", "trips"),
      (
        "table: vehicles\ninsert_into: {table: plates, columns: {organization_id: 1, plate: plate}, key: [organization_id, plate]}\nconflict: update",
        "batch.nullable_key", "plate"
      ),
      ("table: logs\nset: {at: \"at + 1\"}\nwhere: v = 1\nkey: [id, at]", "batch.key_changed", "at"),
    ])
  func warns(yaml: String, code: String, word: String) async throws {
    let facts = LiveFacts(connection: try await TestDatabase.current.connect())
    let program = try await facts.compile(DataBatch.self, yaml)
    let finding = try #require(program.findings.first { $0.code == code }, "\(program.findings)")
    #expect(finding.message.contains(word))
    #expect(!finding.message.contains("vehicles_off"))
  }

  @Test("row level security that would leave rows out is a refusal for the role it hides them from")
  func rowSecurity() async throws {
    let database = TestDatabase.current
    try await database.script("CREATE ROLE batch_reader; GRANT SELECT, UPDATE ON secret TO batch_reader")
    let yaml = "table: secret\nset: {v: 1}\nwhere: v IS NULL"
    let connection = try await database.connect()
    let owner = try await LiveFacts(connection: connection).compile(DataBatch.self, yaml)
    #expect(owner.refusals.isEmpty)
    _ = try await connection.query("SET ROLE batch_reader")
    let reader = try await LiveFacts(connection: connection).compile(DataBatch.self, yaml)
    #expect(reader.refusals.map(\.code) == ["batch.row_security"])
    _ = try await connection.script("RESET ROLE; DROP OWNED BY batch_reader; DROP ROLE batch_reader")
  }

  @Test(
    "a step that is no batch is an error at its mark",
    arguments: [
      ("table: a\nwhere: 'true'", "batch.action"),
      ("table: a\ndelete: true\nset: {b: 1}\nwhere: 'true'", "batch.action"),
      ("table: a\ndelete: true", "batch.where"), ("table: a\nset: {}\nwhere: 'true'", "value.missing"),
      ("table: a\ndelete: true\nwhere: 'true'\nconflict: nothing", "batch.conflict"),
      ("table: a\ninsert_into: {table: b, columns: {c: 1}}\nconflict: update\nkeep_undo: true", "batch.keep_undo"),
      ("table: a\ndelete: true\nwhere: 'true'\nworkers: 0", "value.range"),
      ("table: a\ndelete: true\nwhere: 'true'\nchunk: 0s", "value.range"),
      ("table: a\ndelete: true\nwhere: 'true'\nconflct: nothing", "key.unknown"),
    ])
  func marks(yaml: String, code: String) throws {
    let error = #expect(throws: InvalidInput.self) { try DataBatch.Parameters.read(yaml: yaml) }
    #expect(error?.diagnostics.errors.first?.code == code)
    #expect(error?.diagnostics.errors.first?.range.isNowhere == false)
  }
}
