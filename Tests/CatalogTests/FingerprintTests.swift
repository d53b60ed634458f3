import Catalog
import SQLText
import TestSupport
import Testing

@Suite("the fingerprint of a table", .database(template: TableChanges.table))
struct FingerprintTests {
  private func fingerprint(_ oid: Int64, definition: Bool = false) async throws -> String {
    let query = definition
      ? InventoryQuery.definitionFingerprint(of: oid, ignoringTriggers: "caisson_")
      : InventoryQuery.fingerprint(of: oid, ignoringTriggers: "caisson_")
    let text = try await TestDatabase.current.sql(query).value
    return try #require(text)
  }

  private func oid() async throws -> Int64 {
    let text = try await TestDatabase.current.sql("SELECT 't'::regclass::oid").value
    return try #require(Int64(text ?? ""))
  }

  private func run(_ statements: String) async throws {
    for statement in statements.split(separator: "\n") {
      try await TestDatabase.current.sql(SQL(verbatim: String(statement)))
    }
  }

  @Test("changes with everything an inventory holds")
  func changed() async throws {
    let query = InventoryQuery.fingerprint(of: try await oid(), ignoringTriggers: "caisson_")
    for statement in TableChanges.all {
      try await TableChanges.undone { connection in
        let before = try await connection.query(query).value
        #expect(try await connection.query(query).value == before, "\(statement)")
        _ = try await connection.script(statement.split(separator: "\n").joined(separator: "; "))
        #expect(try await connection.query(query).value != before, "\(statement)")
      }
    }
  }

  @Test("stays with rows, statistics, files, values of sequences, our own triggers", arguments: TableChanges.noise)
  func unchanged(statement: String) async throws {
    let oid = try await oid()
    let before = try await fingerprint(oid)
    try await run(statement)
    #expect(try await fingerprint(oid) == before)
  }

  @Test("without the triggers' history only what they are now counts")
  func definition() async throws {
    let oid = try await oid()
    let before = try await fingerprint(oid, definition: true)
    try await run("ALTER TABLE t DISABLE TRIGGER ALL")
    #expect(try await fingerprint(oid, definition: true) != before)
    try await run("ALTER TABLE t ENABLE TRIGGER ALL")
    #expect(try await fingerprint(oid, definition: true) == before)
  }

  @Test("is the same for every search_path and role, and inside a transaction that has the lock")
  func session() async throws {
    let oid = try await oid()
    let before = try await fingerprint(oid)
    let connection = try await TestDatabase.current.connect()
    try await connection.script("BEGIN; LOCK TABLE t; SET LOCAL search_path = pg_catalog; SET LOCAL ROLE pg_monitor")
    let query = InventoryQuery.fingerprint(of: oid, ignoringTriggers: "caisson_")
    #expect(try await connection.query(query).value == before)
    await connection.close()
  }
}
