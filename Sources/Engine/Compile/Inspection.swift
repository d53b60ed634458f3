import Catalog
import PluginAPI
import SQLText

/// Size of a relation a program locks or writes, as the catalog estimates it.
package struct RelationSize: Sendable, Hashable {
  package var bytes: Int64
  /// -1: never analysed.
  package var rows: Int64
}

/// What `plan` adds to the programs: sizes of what they touch, and rights the role does not have.
struct Inspection {
  let source: any CatalogSource
  let role: String?

  func sizes(of relations: Set<QualifiedName>) async throws -> [QualifiedName: RelationSize] {
    guard !relations.isEmpty else { return [:] }
    let names = relations.sorted()
    let rows = try await source.rows(
      """
      SELECT w.schema, w.name, pg_total_relation_size(c.oid)::bigint AS bytes, c.reltuples::bigint AS rows
      FROM unnest(\(names.map(\.schema))::text[], \(names.map(\.name))::text[]) AS w(schema, name)
      JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
      """)
    return try rows.reduce(into: [:]) { sizes, row in
      let name = QualifiedName(try row.string("schema"), try row.string("name"))
      sizes[name] = RelationSize(bytes: try row.int64("bytes"), rows: try row.int64("rows"))
    }
  }

  func missing(_ privileges: [Privilege]) async throws -> [Finding] {
    var findings: [Finding] = []
    for privilege in privileges {
      guard let (check, says) = query(for: privilege.need), try await source.rows(check).first?[0] == "f" else { continue }
      findings.append(
        .refusal(
          "privilege.missing", "the executing role \(says)",
          choices: [privilege.alternative ?? "grant it, or set `role:` in the environment"]))
    }
    return findings
  }

  private func query(for need: Privilege.Need) -> (SQL, String)? {
    let who: SQL = role.map { "\($0)::name" } ?? "current_user"
    switch need {
    case .owner(let relation):
      return (
        """
        SELECT pg_has_role(\(sql: who), c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(relation.schema) AND c.relname = \(relation.name)
        """, "does not own \(relation)"
      )
    case .create(let schema):
      return (
        """
        SELECT has_schema_privilege(\(sql: who), n.oid, 'CREATE') FROM pg_namespace n WHERE n.nspname = \(schema)
        """, "may not create in schema \(schema)"
      )
    case .table(let relation, let right):
      return (
        """
        SELECT has_table_privilege(\(sql: who), c.oid, \(right)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(relation.schema) AND c.relname = \(relation.name)
        """, "has no \(right) on \(relation)"
      )
    case .superuser:
      return ("SELECT rolsuper FROM pg_roles WHERE rolname = \(sql: who)", "is not a superuser")
    }
  }
}
