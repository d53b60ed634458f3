import SQLText

/// A view or materialized view with everything on it.
struct ViewStatements {
  let view: TableInventory.View
  let renaming: Renaming
  let defaultGrantees: [String]

  private var name: QualifiedName { renaming.table(view.relation.name) }

  static func kind(_ view: TableInventory.View) -> SQL { view.isMaterialized ? "MATERIALIZED VIEW" : "VIEW" }

  var create: [SQL] {
    [view.isMaterialized ? materialized : plain("CREATE VIEW")] + columnProperties + indexes
      + view.statistics.flatMap { StatisticsStatements.create($0, as: renaming.part($0.name), on: name, text) }
      + [owner] + grants + remarks
  }

  private var owner: SQL { "ALTER \(sql: ViewStatements.kind(view)) \(id: name) OWNER TO \(id: view.relation.owner)" }

  /// Owner, privileges and comments alone; `withoutComment`: columns that have lost theirs, `nil` for the view itself.
  func dressing(withoutComment gone: [String?]) -> [SQL] {
    let removed = gone.map { column -> SQL in
      guard let column else { return "COMMENT ON \(sql: ViewStatements.kind(view)) \(id: name) IS NULL" }
      return "COMMENT ON COLUMN \(id: name).\(id: column) IS NULL"
    }
    return [owner] + grants + removed + remarks
  }

  /// The same columns from the same query: owner, grants, defaults, comments, triggers and rules stay.
  var replace: SQL { plain("CREATE OR REPLACE VIEW") }

  var behaviour: [SQL] {
    view.triggers.flatMap { TriggerStatements.create($0, on: name, text) }
      + view.rules.flatMap { RuleStatements.create($0, on: name, text) }
  }

  private func text(_ text: String) -> SQL { renaming.sql(text) }

  private var options: SQL {
    view.relation.options.isEmpty ? "" : " WITH (\(sql: StorageOptions.list(view.relation.options)))"
  }

  private func plain(_ head: SQL) -> SQL {
    """
    \(sql: head) \(id: name) (\(id: view.columns.map(\.name)))\(sql: options) AS
    \(sql: text(view.definition))
    """
  }

  private var materialized: SQL {
    var head: SQL = "CREATE MATERIALIZED VIEW \(id: name) (\(id: view.columns.map(\.name)))"
    if let method = view.relation.accessMethod { head.append(" USING \(id: method)") }
    head.append(options)
    if let tablespace = view.relation.tablespace { head.append(" TABLESPACE \(id: tablespace)") }
    return "\(sql: head) AS\n\(sql: text(view.definition))\nWITH NO DATA"
  }

  private var columnProperties: [SQL] {
    view.columns.flatMap { column -> [SQL] in
      var actions: [SQL] = []
      if let expression = column.defaultExpression { actions.append("SET DEFAULT \(sql: text(expression))") }
      if view.isMaterialized {
        if column.statisticsTarget >= 0 { actions.append("SET STATISTICS \(sql: String(column.statisticsTarget))") }
        if !column.options.isEmpty { actions.append("SET (\(sql: StorageOptions.list(column.options)))") }
        if let storage = column.storage.flatMap({ StorageOptions.strategies[$0] }) { actions.append("SET STORAGE \(sql: storage)") }
        if let method = column.compression { actions.append("SET COMPRESSION \(sql: method)") }
      }
      return actions.map {
        "ALTER \(sql: ViewStatements.kind(view)) \(id: name) ALTER COLUMN \(id: column.name) \(sql: $0)"
      }
    }
  }

  private var indexes: [SQL] {
    let made = view.indexes.flatMap { index in
      [IndexStatements.create(index, named: renaming.part(index.name).name, on: name, text)]
        + IndexStatements.properties(index, named: renaming.part(index.name), false)
    }
    guard let cluster = view.indexes.first(where: \.isClustered) else { return made }
    return made + ["ALTER MATERIALIZED VIEW \(id: name) CLUSTER ON \(id: renaming.part(cluster.name).name)"]
  }

  private var grants: [SQL] {
    GrantStatements(on: "TABLE \(id: name)", owner: view.relation.owner, defaultGrantees: defaultGrantees)
      .statements(view.relation.grants, columns: view.columns.map { ($0.name, $0.grants) })
  }

  private var remarks: [SQL] {
    let object: SQL = "\(sql: ViewStatements.kind(view)) \(id: name)"
    return (view.relation.comment.map { [Remark.comment(object, $0)] } ?? [])
      + view.columns.compactMap { column in
        column.comment.map { Remark.comment("COLUMN \(id: name).\(id: column.name)", $0) }
      }
      + Remark.labels(object, view.relation.securityLabels)
      + view.columns.flatMap { Remark.labels("COLUMN \(id: name).\(id: $0.name)", $0.securityLabels) }
  }
}

/// A function or procedure that has to be dropped and made again.
struct FunctionStatements {
  let function: TableInventory.Function
  let signature: SQL
  let text: (String) -> SQL
  let defaultGrantees: [String]

  static func kind(_ function: TableInventory.Function) -> SQL { function.isProcedure ? "PROCEDURE" : "FUNCTION" }

  var create: [SQL] {
    let object: SQL = "\(sql: FunctionStatements.kind(function)) \(sql: signature)"
    return [text(function.definition), "ALTER \(sql: object) OWNER TO \(id: function.owner)"]
      + GrantStatements(on: object, owner: function.owner, defaultGrantees: defaultGrantees)
      .statements(function.grants)
      + (function.comment.map { [Remark.comment(object, $0)] } ?? [])
      + Remark.labels(object, function.securityLabels)
  }
}
