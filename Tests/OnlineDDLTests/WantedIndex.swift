import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Resolves a specification against a test's database.
func resolve(
  _ spec: IndexSpec, on database: TestDatabase = .current
) async throws -> (index: ResolvedIndex?, findings: [Finding]) {
  let nowhere = SourceRange.nowhere
  let marks = IndexMarks(
    table: nowhere, name: nowhere, keys: spec.keys.map { _ in nowhere }, include: spec.include.map { _ in nowhere },
    predicate: nowhere, method: nowhere)
  return try await ReadOnlyFacts.with(database) { facts in
    let table = try #require(try await facts.relation(spec.table))
    return try await IndexResolver.resolve(spec, on: table, marks: marks, facts)
  }
}

func resolved(_ spec: IndexSpec, on database: TestDatabase = .current) async throws -> ResolvedIndex {
  let (index, findings) = try await resolve(spec, on: database)
  return try #require(index, "\(findings.map(\.message))")
}

func index(_ name: String, on database: TestDatabase = .current) async throws -> IndexFacts? {
  try await ReadOnlyFacts.with(database) { try await $0.index(QualifiedName("public", name)) }
}

/// The state a probe answers.
func state(_ probe: SQL, on database: TestDatabase = .current) async throws -> String {
  let row = try #require(try await database.sql(probe).rows.first)
  _ = try row.string("detail")
  return try row.string("state")
}

extension QualifiedName {
  static func `public`(_ name: String) -> QualifiedName { QualifiedName("public", name) }
}
