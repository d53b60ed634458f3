import OnlineDDL
import PluginAPI

/// A table beside the partitioned one that keeps over all partitions what no index of it can: each value of a unique key
/// once, or rows that do not exclude each other. A trigger of the partitioned table keeps it up to date.
struct KeyGuard: Sendable, Hashable, Codable {
  enum Rule: Sendable, Hashable, Codable {
    case unique(countsNulls: Bool)
    /// `EXCLUDE …` as the server renders it, and the condition in it: the guard has columns of the same names.
    case exclusion(definition: String, condition: String?)
  }

  /// Of the index; the guard's constraint has it afterwards, and so have its errors.
  var name: String
  var rule: Rule
  /// They tell the guard's rows apart: the unique key's own, or those of the primary key and the partition key.
  var identity: [LoggedColumn]
  /// What an exclusion constraint reads besides.
  var further: [LoggedColumn]
  var comment: String?
  /// The partitioned table, under the name it will have.
  var table: QualifiedName
  var owner: String
  var number: Int

  var guardTable: QualifiedName { QualifiedName(table.schema, Quoting.fitted(name, suffix: "_guard")) }
  var function: QualifiedName { guardTable }
  /// Until the cutover the table's own index has the name.
  var temporaryName: String { Quoting.fitted(name, suffix: "_new") }
  private var trigger: String { "\(KeyLog.triggerPrefix)guard_\(number)" }
}

extension KeyGuard {
  /// The empty table and what keeps it; before the copy, so that it is taken back after it.
  var prepare: Operation {
    .transaction(
      id: "guard-\(number)", title: "create \(guardTable), which \(purpose) over all partitions",
      make.map { TransactionStatement($0) },
      undo: .operations([
        .transaction(
          id: "drop", title: "drop \(guardTable)",
          [
            TransactionStatement("DROP FUNCTION IF EXISTS \(id: function)()"),
            TransactionStatement("DROP TABLE IF EXISTS \(id: guardTable)"),
          ], undo: .nothing)
      ]))
  }

  private var purpose: String {
    switch rule {
    case .unique: "keeps \(name) unique"
    case .exclusion: "enforces \(name)"
    }
  }

  private var make: [SQL] {
    let columns = (identity + further).map { column -> SQL in
      let collation: SQL = column.collation.map { " COLLATE \(id: $0)" } ?? ""
      return "\(id: column.name) \(sql: column.type)\(sql: collation)"
    }
    let capitalized = purpose.prefix(1).uppercased() + purpose.dropFirst()
    return [
      "CREATE TABLE \(id: guardTable) (\(sql: columns.joined(separator: ", ")))",
      "ALTER TABLE \(id: guardTable) OWNER TO \(id: owner)",
      // Only the trigger has to see it: a grant on all tables must not show keys of rows that policies hide.
      "ALTER TABLE \(id: guardTable) ENABLE ROW LEVEL SECURITY",
      "COMMENT ON TABLE \(id: guardTable) IS \(literal: "\(capitalized) over all partitions of \(table)")",
      // Rather an error than a look at half of the rows, where policies come to hold the owner.
      """
      CREATE FUNCTION \(id: function)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = \(sql: searchPath) SET row_security = off AS \(literal: body)
      """,
      "ALTER FUNCTION \(id: function)() OWNER TO \(id: owner)",
      "REVOKE ALL ON FUNCTION \(id: function) FROM PUBLIC",
    ]
  }

  /// When the copy is one past state of the table and nobody but us writes it: filled, constrained, and kept from then on.
  func fill(from copy: QualifiedName, leaves: [QualifiedName]) -> Operation {
    let truncates: [SQL] = ([copy] + leaves).map {
      """
      CREATE TRIGGER \(id: trigger + "_truncate") AFTER TRUNCATE ON \(id: $0)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: function)()
      """
    }
    let rows: SQL = "SELECT \(sql: list) FROM \(id: copy) AS n WHERE \(sql: counts("n"))"
    let statements: [SQL] =
      ["INSERT INTO \(id: guardTable) (\(sql: list)) \(sql: rows)"] + constraints + [
        """
        CREATE TRIGGER \(id: trigger) AFTER INSERT OR DELETE ON \(id: copy)
        FOR EACH ROW EXECUTE FUNCTION \(id: function)()
        """,
        // Not by the columns an UPDATE names: a trigger may have changed others. The function, not its operator: the server
        // prints `ROW(a) *<> ROW(b)` in a form that it reads as a comparison of the columns, and a dump could not be restored.
        """
        CREATE TRIGGER \(id: trigger + "_change") AFTER UPDATE ON \(id: copy)
        FOR EACH ROW WHEN (pg_catalog.record_image_ne(\(sql: image("OLD")), \(sql: image("NEW")))) EXECUTE FUNCTION \(id: function)()
        """,
      ] + truncates
    return .transaction(
      id: "guard-\(number)-fill", title: "fill \(guardTable)", statements.map { TransactionStatement($0) },
      settings: [Setting("statement_timeout", "0")], undo: .nothing)
  }

  private var constraints: [SQL] {
    let own: [SQL]
    switch rule {
    case .unique(let countsNulls):
      let kind = countsNulls ? "UNIQUE NULLS NOT DISTINCT" : "PRIMARY KEY"
      own = ["ALTER TABLE \(id: guardTable) ADD CONSTRAINT \(id: temporaryName) \(sql: kind) (\(sql: names(identity)))"]
    case .exclusion(let definition, _):
      own = [
        "ALTER TABLE \(id: guardTable) ADD PRIMARY KEY (\(sql: names(identity)))",
        "ALTER TABLE \(id: guardTable) ADD CONSTRAINT \(id: temporaryName) \(sql: definition)",
      ]
    }
    return own + ConstraintComment.set(comment, temporaryName, on: guardTable)
  }
}
