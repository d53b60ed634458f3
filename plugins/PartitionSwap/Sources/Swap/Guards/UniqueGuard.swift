import OnlineDDL
import PluginAPI

/// A table that holds each value of a unique key once, kept by a trigger of the partitioned table: unique over all
/// partitions, which no index of it can be.
struct UniqueGuard: Sendable, Hashable, Codable {
  struct Column: Sendable, Hashable, Codable {
    var name: String
    var type: String
    var collation: QualifiedName?
  }

  /// Of the unique index; the guard's constraint has it afterwards, and so have its errors.
  var name: String
  var columns: [Column]
  var countsNulls: Bool
  /// The partitioned table, under the name it will have.
  var table: QualifiedName
  var owner: String
  var number: Int

  var guardTable: QualifiedName { QualifiedName(table.schema, Quoting.fitted(name, suffix: "_guard")) }
  private var function: QualifiedName { QualifiedName(table.schema, Quoting.fitted(name, suffix: "_guard")) }
  /// Until the cutover the table's own index has the name.
  var temporaryName: String { Quoting.fitted(name, suffix: "_new") }
  private var trigger: String { "\(KeyLog.triggerPrefix)guard_\(number)" }

  private var list: String { columns.map { Quoting.identifier($0.name) }.joined(separator: ", ") }
  private func values(_ row: String) -> String {
    columns.map { "\(row).\(Quoting.identifier($0.name))" }.joined(separator: ", ")
  }
  private func same(_ a: String, _ b: String) -> String {
    columns.map { "\(a).\(Quoting.identifier($0.name)) IS NOT DISTINCT FROM \(b).\(Quoting.identifier($0.name))" }
      .joined(separator: " AND ")
  }
  private func equal(_ a: String, _ b: String) -> String {
    countsNulls ? same(a, b) : columns.map { "\(a).\(Quoting.identifier($0.name)) = \(b).\(Quoting.identifier($0.name))" }
      .joined(separator: " AND ")
  }
  /// Rows that the key says nothing about have a NULL in it.
  private func counts(_ row: String) -> String {
    countsNulls ? "true" : columns.map { "\(row).\(Quoting.identifier($0.name)) IS NOT NULL" }.joined(separator: " AND ")
  }
}

extension UniqueGuard {
  /// The empty table and what keeps it; before the copy, so that it is taken back after it.
  var prepare: Operation {
    .transaction(
      id: "guard-\(number)", title: "create \(guardTable), which keeps \(name) unique over all partitions",
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

  private var make: [SQL] {
    let columns = columns.map { column -> SQL in
      let collation: SQL = column.collation.map { " COLLATE \(id: $0)" } ?? ""
      return "\(id: column.name) \(sql: column.type)\(sql: collation)"
    }
    return [
      "CREATE TABLE \(id: guardTable) (\(sql: columns.joined(separator: ", ")))",
      "ALTER TABLE \(id: guardTable) OWNER TO \(id: owner)",
      // Only the trigger has to see it: a grant on all tables must not show keys of rows that policies hide.
      "ALTER TABLE \(id: guardTable) ENABLE ROW LEVEL SECURITY",
      "COMMENT ON TABLE \(id: guardTable) IS \(literal: "Keeps \(name) unique over all partitions of \(table)")",
      // Rather an error than a look at half of the rows, where policies come to hold the owner.
      """
      CREATE FUNCTION \(id: function)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET row_security = off AS \(literal: body)
      """,
      "ALTER FUNCTION \(id: function)() OWNER TO \(id: owner)",
      "REVOKE ALL ON FUNCTION \(id: function) FROM PUBLIC",
    ]
  }

  private var body: String {
    """
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM \(guardTable.quoted) AS g
        WHERE NOT EXISTS (SELECT FROM \(table.quoted) AS t WHERE \(equal("t", "g")));
        RETURN NULL;
      END IF;
      IF TG_OP = 'UPDATE' AND \(same("OLD", "NEW")) THEN
        RETURN NULL;
      END IF;
      IF TG_OP <> 'INSERT' AND \(counts("OLD")) THEN
        DELETE FROM \(guardTable.quoted) AS g WHERE \(equal("g", "OLD"));
      END IF;
      IF TG_OP <> 'DELETE' AND \(counts("NEW")) THEN
        INSERT INTO \(guardTable.quoted) (\(list)) VALUES (\(values("NEW")));
      END IF;
      RETURN NULL;
    END
    """
  }

  /// When the copy is one past state of the table and nobody but us writes it: filled, made unique, and kept from then on.
  func fill(from copy: QualifiedName, leaves: [QualifiedName]) -> Operation {
    let kind = countsNulls ? "UNIQUE NULLS NOT DISTINCT" : "PRIMARY KEY"
    let truncates: [SQL] = ([copy] + leaves).map {
      """
      CREATE TRIGGER \(id: trigger + "_truncate") AFTER TRUNCATE ON \(id: $0)
      FOR EACH STATEMENT EXECUTE FUNCTION \(id: function)()
      """
    }
    let statements: [SQL] =
      [
        "INSERT INTO \(id: guardTable) (\(sql: list)) SELECT \(sql: values("t")) FROM \(id: copy) AS t WHERE \(sql: counts("t"))",
        "ALTER TABLE \(id: guardTable) ADD CONSTRAINT \(id: temporaryName) \(sql: kind) (\(sql: list))",
        """
        CREATE TRIGGER \(id: trigger) AFTER INSERT OR DELETE OR UPDATE OF \(sql: list) ON \(id: copy)
        FOR EACH ROW EXECUTE FUNCTION \(id: function)()
        """,
      ] + truncates
    return .transaction(
      id: "guard-\(number)-fill", title: "fill \(guardTable)", statements.map { TransactionStatement($0) },
      settings: [Setting("statement_timeout", "0")], undo: .nothing)
  }
}

extension SwapSubject {
  /// Those the plan wants.
  func guards() -> [UniqueGuard] {
    narrowUniques.filter { wanted.unique[$0.name.name] == .guard }.enumerated().map { number, index in
      UniqueGuard(
        name: index.name.name,
        columns: index.keyColumns.compactMap { table.column($0) }.map {
          UniqueGuard.Column(name: $0.name, type: $0.type, collation: $0.collation)
        }, countsNulls: index.nullsNotDistinct, table: name, owner: table.relation.owner, number: number + 1)
    }
  }

  func guardFindings() -> [Finding] {
    narrowUniques.filter { wanted.unique[$0.name.name] == .guard }.compactMap { index in
      let what: String
      if index.keys.contains(where: { $0.column == nil }) {
        what = "has an expression among its keys"
      } else if index.predicate != nil {
        what = "is partial"
      } else if table.constraint(index.constraint ?? "")?.isDeferrable ?? false {
        what = "is deferrable"
      } else {
        return nil
      }
      return .refusal(
        "swap.unique", "\(index.name.name) \(what): a guard cannot keep it",
        choices: ["unique: { \(index.name.name): append }", "unique: { \(index.name.name): drop }"], at: wanted.$unique)
    }
  }
}
