public import SQLText

extension TableDDL {
  /// With their enabled states.
  public func triggers() -> [SQL] {
    inventory.triggers.flatMap { TriggerStatements.create($0, on: target, ownText) }
  }

  /// With their enabled states.
  public func rules() -> [SQL] {
    inventory.rules.flatMap { RuleStatements.create($0, on: target, ownText) }
  }

  /// CREATE STATISTICS, under the names of `renaming`: they are the schema's.
  public func extendedStatistics() -> [SQL] {
    inventory.statistics.flatMap { StatisticsStatements.create($0, as: renaming.name($0.name), on: target, ownText) }
  }

  /// Publications that name the table; the others have it by themselves.
  public func publications() -> [SQL] {
    inventory.publications.filter { $0.scope == .table }.map { publication in
      var entry: SQL = "\(id: target)"
      if let columns = publication.columns { entry.append(" (\(id: columns))") }
      if let filter = publication.rowFilter { entry.append(" WHERE (\(sql: ownText(filter)))") }
      return "ALTER PUBLICATION \(id: publication.name) ADD TABLE \(sql: entry)"
    }
  }

  /// Takes the table out of those that name it.
  public func leavePublications() -> [SQL] {
    inventory.publications.filter { $0.scope == .table }.map { publication in
      "ALTER PUBLICATION \(id: publication.name) DROP TABLE \(id: target)"
    }
  }
}

enum TriggerStatements {
  static func create(
    _ trigger: TableInventory.Trigger, on table: QualifiedName, _ text: (String) -> SQL
  ) -> [SQL] {
    var statements = [text(trigger.definition)]
    if let word = state(trigger.enabled) {
      statements.append("ALTER TABLE \(id: table) \(sql: word) TRIGGER \(id: trigger.name)")
    }
    if let comment = trigger.comment {
      statements.append(Remark.comment("TRIGGER \(id: trigger.name) ON \(id: table)", comment))
    }
    return statements
  }

  static func state(_ enabled: TableInventory.Enabled) -> SQL? {
    switch enabled {
    case .origin: nil
    case .disabled: "DISABLE"
    case .replica: "ENABLE REPLICA"
    case .always: "ENABLE ALWAYS"
    }
  }
}

enum RuleStatements {
  static func create(_ rule: TableInventory.Rule, on table: QualifiedName, _ text: (String) -> SQL) -> [SQL] {
    var statements = [text(rule.definition)]
    if let word = TriggerStatements.state(rule.enabled) {
      statements.append("ALTER TABLE \(id: table) \(sql: word) RULE \(id: rule.name)")
    }
    if let comment = rule.comment {
      statements.append(Remark.comment("RULE \(id: rule.name) ON \(id: table)", comment))
    }
    return statements
  }

  /// Keeps its state and its comment.
  static func replace(_ rule: TableInventory.Rule, _ text: (String) -> SQL) -> SQL {
    let head = "CREATE RULE"
    guard rule.definition.hasPrefix(head) else { return text(rule.definition) }
    return "CREATE OR REPLACE RULE\(sql: text(String(rule.definition.dropFirst(head.count))))"
  }
}

enum StatisticsStatements {
  static func create(
    _ item: TableInventory.Statistics, as name: QualifiedName, on table: QualifiedName, _ text: (String) -> SQL
  ) -> [SQL] {
    var statements: [SQL] = [
      "CREATE STATISTICS \(id: name) \(sql: text(item.body)) FROM \(id: table)",
      "ALTER STATISTICS \(id: name) OWNER TO \(id: item.owner)",
    ]
    if item.target >= 0 {
      statements.append("ALTER STATISTICS \(id: name) SET STATISTICS \(sql: String(item.target))")
    }
    if let comment = item.comment { statements.append(Remark.comment("STATISTICS \(id: name)", comment)) }
    return statements
  }
}
