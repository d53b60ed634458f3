import OnlineDDL
import PluginAPI

/// A foreign key to the table that gets the partition key as a further column: a partitioned table has no unique key
/// without it. A trigger keeps the column where the application does not know it.
struct CompositeReference: Sendable, Hashable, Codable {
  /// The referring table.
  var table: QualifiedName
  var name: String
  /// As it was.
  var definition: String
  var columns: [String]
  var referenced: [String]
  /// `NO ACTION`, `CASCADE`, …
  var onDelete: String
  /// ` DEFERRABLE`, ` DEFERRABLE INITIALLY DEFERRED` or nothing.
  var deferral: String
  /// Of the partition key in the referring table.
  var column: String
  var type: String
  var source: QualifiedName
  var key: String
  /// Told apart from others by it.
  var number: Int

  /// `MATCH FULL`: half a reference is an error, never a reference that is not checked.
  var composite: String {
    let own = (columns + [column]).map(Quoting.identifier).joined(separator: ", ")
    let theirs = (referenced + [key]).map(Quoting.identifier).joined(separator: ", ")
    return "FOREIGN KEY (\(own)) REFERENCES \(source.quoted)(\(theirs)) MATCH FULL ON UPDATE CASCADE ON DELETE \(onDelete)"
      + deferral
  }

  private var fillFunction: QualifiedName {
    QualifiedName(table.schema, Quoting.fitted("\(table.name)_\(column)", suffix: "_fill"))
  }
  private var followFunction: QualifiedName {
    QualifiedName(table.schema, Quoting.fitted("\(table.name)_\(column)", suffix: "_follow"))
  }
  private var fillTrigger: String { Quoting.fitted(column, suffix: "_fill") }
  var followTrigger: String { "\(KeyLog.triggerPrefix)follow_\(number)" }

  private func matching(_ theirs: String, _ ours: String) -> String {
    zip(referenced, columns).map { "\(theirs).\(Quoting.identifier($0)) = \(ours).\(Quoting.identifier($1))" }
      .joined(separator: " AND ")
  }

  private var isNull: String { columns.map { "NEW.\(Quoting.identifier($0)) IS NULL" }.joined(separator: " OR ") }
  private var isChanged: String {
    columns.map { "NEW.\(Quoting.identifier($0)) IS DISTINCT FROM OLD.\(Quoting.identifier($0))" }.joined(separator: " OR ")
  }
}

extension CompositeReference {
  /// The column, kept from the beginning by both sides.
  var prepare: Operation {
    .transaction(
      id: "reference-\(number)", title: "give \(table) the column \(column), kept by triggers",
      make.map { TransactionStatement($0) },
      locks: [RelationLock(.accessExclusive, table), RelationLock(.shareRowExclusive, source)],
      undo: .operations([
        .transaction(
          id: "drop", title: "drop \(column) of \(table)", unmake.map { TransactionStatement($0) },
          locks: [RelationLock(.accessExclusive, table), RelationLock(.accessExclusive, source)], undo: .nothing)
      ]))
  }

  /// When the old table is gone, with the trigger that called it.
  var dropFollow: SQL { "DROP FUNCTION IF EXISTS \(id: followFunction)()" }

  private var make: [SQL] {
    [
      "ALTER TABLE \(id: table) ADD COLUMN \(id: column) \(sql: type)",
      "COMMENT ON COLUMN \(id: table).\(id: column) IS \(literal: "\(key) of the row of \(source) it refers to; kept by a trigger")",
      """
      CREATE FUNCTION \(id: fillFunction)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET row_security = off AS \(literal: fillBody)
      """,
      "REVOKE ALL ON FUNCTION \(id: fillFunction) FROM PUBLIC",
      """
      CREATE TRIGGER \(id: fillTrigger) BEFORE INSERT OR UPDATE OF \(id: columns) ON \(id: table)
      FOR EACH ROW EXECUTE FUNCTION \(id: fillFunction)()
      """,
      """
      CREATE FUNCTION \(id: followFunction)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp AS \(literal: followBody)
      """,
      "REVOKE ALL ON FUNCTION \(id: followFunction) FROM PUBLIC",
      """
      CREATE TRIGGER \(id: followTrigger) AFTER UPDATE OF \(id: key) ON \(id: source)
      FOR EACH ROW WHEN (OLD.\(id: key) IS DISTINCT FROM NEW.\(id: key)) EXECUTE FUNCTION \(id: followFunction)()
      """,
    ]
  }

  private var unmake: [SQL] {
    [
      "DROP TRIGGER IF EXISTS \(id: followTrigger) ON \(id: source)",
      "DROP FUNCTION IF EXISTS \(id: followFunction)()",
      "DROP TRIGGER IF EXISTS \(id: fillTrigger) ON \(id: table)",
      "DROP FUNCTION IF EXISTS \(id: fillFunction)()",
      "ALTER TABLE \(id: table) DROP COLUMN IF EXISTS \(id: column)",
    ]
  }

  /// The row referred to is locked, so that its key is not changed before this row can be seen.
  private var fillBody: String {
    let own = Quoting.identifier(column), given = "NEW.\(own) IS NOT NULL"
    return """
      BEGIN
        IF \(isNull) THEN
          NEW.\(own) := NULL;
        ELSIF TG_OP = 'INSERT' AND \(given) OR TG_OP = 'UPDATE' AND NEW.\(own) IS DISTINCT FROM OLD.\(own) THEN
          RETURN NEW;
        ELSIF TG_OP = 'INSERT' OR \(isChanged) THEN
          SELECT s.\(Quoting.identifier(key)) INTO NEW.\(own) FROM \(source.quoted) AS s
          WHERE \(matching("s", "NEW")) FOR SHARE;
        END IF;
        RETURN NEW;
      END
      """
  }

  private var followBody: String {
    """
    BEGIN
      UPDATE \(table.quoted) AS c SET \(Quoting.identifier(column)) = NEW.\(Quoting.identifier(key))
      WHERE \(matching("NEW", "c"));
      RETURN NULL;
    END
    """
  }

  /// Rows that are there already, as they lie on disk; again after the cutover, before the key is validated: a REPEATABLE
  /// READ transaction may have changed a key without seeing the row that refers to it.
  func fill(id: String, target: TimeSpan) -> Operation {
    let own = Quoting.identifier(column), theirs = Quoting.identifier(key)
    let from = "COALESCE(($cursor->>'block')::bigint, 0)", step = "greatest(1, $size / 50)"
    let statement = """
      WITH filled AS (
        UPDATE \(table.quoted) AS c SET \(own) = s.\(theirs) FROM \(source.quoted) AS s
        WHERE c.ctid >= ('(' || \(from) || ',0)')::tid AND c.ctid < ('(' || \(from) + \(step) || ',0)')::tid
          AND \(matching("s", "c")) AND c.\(own) IS DISTINCT FROM s.\(theirs)
        RETURNING 1
      )
      SELECT CASE WHEN \(from) + \(step) < pg_relation_size(\(Quoting.literal(table.quoted))::regclass)
            / current_setting('block_size')::bigint THEN jsonb_build_object('block', \(from) + \(step)) END AS cursor,
        (SELECT count(*) FROM filled) AS rows
      """
    return .chunked(
      id: "\(id)-\(number)", title: "fill \(column) of \(table)",
      ChunkedWork(
        [SQL(verbatim: statement)], target: target, settings: [Setting("plan_cache_mode", "force_custom_plan")]),
      undo: .nothing)
  }
}

extension TableInventory.Constraint {
  /// As it stands behind a definition.
  var deferral: String { isDeferred ? " DEFERRABLE INITIALLY DEFERRED" : isDeferrable ? " DEFERRABLE" : "" }
}

extension SwapSubject {
  /// Those the plan wants so.
  func compositeReferences() -> [CompositeReference] {
    narrowIncoming.filter { wanted.incomingForeignKeys[$0.constraint.name] == .composite }.enumerated()
      .compactMap { number, incoming in
        guard let reference = incoming.constraint.reference else { return nil }
        let columns = incoming.constraint.columns
        return CompositeReference(
          table: incoming.table, name: incoming.constraint.name, definition: incoming.constraint.definition,
          columns: columns, referenced: reference.columns, onDelete: reference.onDelete,
          deferral: incoming.constraint.deferral,
          column: Quoting.fitted("\(columns[0])_\(key.name)"), type: key.type, source: name, key: key.name,
          number: number + 1)
      }
  }

  /// Why one of them cannot be had.
  func compositeFindings() async throws -> [Finding] {
    var findings: [Finding] = []
    let drop = "incoming_foreign_keys: { NAME: drop }"
    for reference in compositeReferences() {
      let choice = drop.replacing("NAME", with: reference.name)
      func refuse(_ message: String) {
        findings.append(.refusal("swap.incoming", message, choices: [choice], at: wanted.$incomingForeignKeys))
      }
      if Set(reference.referenced) != Set(primaryKey.columns) {
        refuse("\(reference.name) of \(reference.table) does not refer to the primary key: it cannot be widened")
      } else if reference.onDelete == "SET DEFAULT" {
        refuse("\(reference.name) of \(reference.table) is ON DELETE SET DEFAULT: there is no default for \(key.name)")
      }
      let child = try await facts.relation(reference.table)
      if child?.column(reference.column) != nil {
        refuse("\(reference.table) has a column \(reference.column) already")
      }
      let loose = reference.columns.filter { name in !(child?.column(name)?.notNull ?? true) }
      if reference.columns.count > 1, !loose.isEmpty, !reference.definition.contains(" MATCH FULL") {
        refuse(
          "\(reference.name) of \(reference.table) lets half a reference be (\(loose.joined(separator: ", ")) may be NULL):"
            + " widened it would be an error")
      }
      if child?.kind == .partitionedTable { refuse("\(reference.table) is partitioned itself: it is not filled so") }
    }
    return findings
  }
}
