import OnlineDDL
import PluginAPI

/// What the guard's trigger does: rows of the guard follow those of the table, in the order in which they are written.
extension KeyGuard {
  var list: String { names(identity + further) }

  func names(_ columns: [LoggedColumn]) -> String {
    columns.map { Quoting.identifier($0.name) }.joined(separator: ", ")
  }

  /// Rows that the rule says nothing about are not in the guard. `row` has the guard's columns.
  func counts(_ row: String) -> String {
    switch rule {
    case .unique(countsNulls: true), .exclusion(_, nil): "true"
    case .unique: identity.map { "\(row).\(Quoting.identifier($0.name)) IS NOT NULL" }.joined(separator: " AND ")
    case .exclusion(_, let condition?): "(\(condition))"
    }
  }

  /// Compared as they are stored: there are types whose `=` says yes to values that differ, and some that have none.
  func image(_ row: String) -> String {
    "ROW(" + (identity + further).map { "\(row).\(Quoting.identifier($0.name))" }.joined(separator: ", ") + ")"
  }

  /// Where the operators of the key's types are.
  var searchPath: String {
    let schemas = Set(identity.map(\.schema)).subtracting(["pg_catalog"]).sorted().map(Quoting.identifier)
    return (["pg_catalog"] + schemas + ["pg_temp"]).joined(separator: ", ")
  }

  private func equal(_ a: String, _ b: String) -> String {
    let sign = rule == .unique(countsNulls: true) ? "IS NOT DISTINCT FROM" : "="
    return identity.map { "\(a).\(Quoting.identifier($0.name)) \(sign) \(b).\(Quoting.identifier($0.name))" }
      .joined(separator: " AND ")
  }

  /// A condition names columns bare, as the constraint does: they are the values' own here.
  private func values(_ row: String) -> String {
    (identity + further).map { "\(row).\(Quoting.identifier($0.name)) AS \(Quoting.identifier($0.name))" }
      .joined(separator: ", ")
  }

  var body: String {
    """
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM \(guardTable.quoted) AS g
        WHERE NOT EXISTS (SELECT FROM \(table.quoted) AS t WHERE \(equal("t", "g")));
        RETURN NULL;
      END IF;
      IF TG_OP <> 'INSERT' THEN
        DELETE FROM \(guardTable.quoted) AS g WHERE \(equal("g", "OLD"));
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO \(guardTable.quoted) (\(list)) SELECT \(list) FROM (SELECT \(values("NEW"))) AS n WHERE \(counts("n"));
      END IF;
      RETURN NULL;
    END
    """
  }
}
