import PluginAPI

/// A materialized view has no policies: whoever may read it sees what its owner saw.
struct RowSecurityFindings {
  let wanted: MatviewCreate.Parameters
  let query: ViewQuery
  let facts: any Facts

  func all() async throws -> [Finding] {
    let tables = try await protected()
    guard !tables.isEmpty else { return [] }
    let list = tables.map(\.description).joined(separator: ", ")
    let readers = wanted.grants.map { GrantList.role($0.key) ?? "PUBLIC" }
    let what = "row level security of \(list) is bypassed: \(wanted.name) holds every row its owner may see, and has no"
      + " policies of its own"
    let isPublic = wanted.grants.contains { GrantList.role($0.key) == nil }
    let choices = [
      "grant it to nobody but a role that may see all, and put a view over it that filters by current_user or a setting",
      "a plain view WITH (security_invoker) instead, which asks the policies of each reader",
    ]
    if isPublic {
      return [
        .refusal(
          "matview.row_security", what + "; `grants` gives it to everybody", choices: choices, at: wanted.$grants)
      ]
    }
    let who = readers.isEmpty ? "" : "; \(readers.joined(separator: ", ")) would read all of it"
    return [.warning("matview.row_security", what + who, choices: choices, at: wanted.$name)]
  }

  /// Tables with row security that the query reads, through views too.
  private func protected() async throws -> [QualifiedName] {
    let read = query.relations
    guard !read.isEmpty else { return [] }
    let rows = try await facts.rows(
      """
      WITH RECURSIVE reads(oid) AS (
        SELECT c.oid FROM unnest(\(read.map(\.schema))::text[], \(read.map(\.name))::text[]) AS w(schema, name)
        JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
        UNION
        SELECT d.refobjid FROM reads
        JOIN pg_rewrite r ON r.ev_class = reads.oid AND r.rulename = '_RETURN'
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid <> reads.oid
      )
      SELECT n.nspname AS schema, c.relname AS name FROM reads JOIN pg_class c ON c.oid = reads.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity ORDER BY 1, 2
      """)
    return try rows.map { QualifiedName(try $0.string("schema"), try $0.string("name")) }
  }
}
