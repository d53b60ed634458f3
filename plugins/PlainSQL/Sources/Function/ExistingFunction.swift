import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// A function as the catalog has it, with what creating it again has to bring back.
struct ExistingFunction: Sendable {
  struct Grant: Sendable, Hashable {
    /// Ready for SQL: a quoted role or `PUBLIC`.
    var grantee: String
    var withGrantOption: Bool
  }

  var oid: Int64
  /// `f` function, `p` procedure, `a` aggregate, `w` window function.
  var kind: String
  /// `"app"."f"(a integer, …)`, as DROP and ALTER take it.
  var signature: String
  var definition: String
  var owner: String
  /// `nil`: never granted or revoked, so the defaults hold.
  var grants: [Grant]?
  var comment: String?
  var result: Int64
  var returnsSet: Bool
  /// All arguments: type, mode, name.
  var argumentTypes: [Int64]
  var argumentModes: [String]
  var argumentNames: [String]
  var defaults: Int
  /// The extension it came with.
  var extensionName: String?

  var keyword: String { kind == "p" ? "PROCEDURE" : "FUNCTION" }

  var inputTypes: [Int64] {
    zip(argumentTypes, argumentModes).filter { $0.1 != "o" && $0.1 != "t" }.map(\.0)
  }

  /// The functions of that name, whatever their arguments.
  static func all(_ name: QualifiedName, _ facts: any Facts) async throws -> [ExistingFunction] {
    let rows = try await facts.rows(
      """
      SELECT p.oid::text AS oid, p.prokind::text AS kind,
        quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '('
            || pg_get_function_identity_arguments(p.oid) || ')' AS signature,
        CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition,
        pg_get_userbyid(p.proowner)::text AS owner, p.proacl IS NOT NULL AS granted,
        (SELECT array_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
                ORDER BY a.grantee) FROM aclexplode(p.proacl) a WHERE NOT a.is_grantable) AS grantees,
        (SELECT array_agg(quote_ident(pg_get_userbyid(a.grantee)) ORDER BY a.grantee)
           FROM aclexplode(p.proacl) a WHERE a.is_grantable) AS granters,
        obj_description(p.oid, 'pg_proc') AS comment,
        p.prorettype::text AS result, p.proretset AS set, p.pronargdefaults AS defaults,
        COALESCE(p.proallargtypes::text[], string_to_array(p.proargtypes::text, ' '))::text AS types,
        COALESCE(p.proargmodes::text[], array_fill('i'::text, ARRAY[p.pronargs::int]))::text AS modes,
        COALESCE(p.proargnames, array_fill(''::text, ARRAY[p.pronargs::int]))::text AS names,
        (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
          WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass
            AND d.deptype = 'e') AS extension
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = \(name.schema) AND p.proname = \(name.name) ORDER BY p.oid
      """)
    return try rows.map(ExistingFunction.init)
  }

  private init(_ row: Row) throws {
    oid = try row.int64("oid")
    kind = try row.string("kind")
    signature = try row.string("signature")
    definition = row["definition"] ?? ""
    owner = try row.string("owner")
    comment = row["comment"]
    result = try row.int64("result")
    returnsSet = try row.bool("set")
    argumentTypes = try row.strings("types").compactMap { Int64($0) }
    argumentModes = try row.strings("modes")
    argumentNames = try row.strings("names")
    defaults = try row.int("defaults")
    extensionName = row["extension"]
    grants =
      try row.bool("granted")
      ? try row.strings("grantees").map { Grant(grantee: $0, withGrantOption: false) }
        + row.strings("granters").map { Grant(grantee: $0, withGrantOption: true) }
      : nil
  }

  /// What depends on it, described as PostgreSQL does; a view is named as one.
  func dependents(_ facts: any Facts) async throws -> [String] {
    try await facts.rows(
      """
      SELECT DISTINCT COALESCE(
          CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.oid::regclass::text,
        pg_describe_object(d.classid, d.objid, d.objsubid)) AS what
      FROM pg_catalog.pg_depend d
        LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
        LEFT JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
      WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = \(oid) AND d.deptype IN ('n', 'a', 'i') ORDER BY 1
      """
    ).map { try $0.string("what") }
  }

  /// Statements that put owner, grants and comment on a function created anew.
  func ornaments(_ keyword: String, _ signature: String) -> [SQL] {
    let target = "\(keyword) \(signature)"
    var list: [SQL] = ["ALTER \(sql: target) OWNER TO \(id: owner)"]
    if let grants {
      list.append("REVOKE ALL ON \(sql: target) FROM PUBLIC, \(id: owner)")
      list += grants.map {
        "GRANT EXECUTE ON \(sql: target) TO \(sql: $0.grantee)\(sql: $0.withGrantOption ? " WITH GRANT OPTION" : "")"
      }
    }
    if let comment { list.append("COMMENT ON \(sql: target) IS \(literal: comment)") }
    return list
  }
}
