import SQLText

/// An inventory as objects, each with aspects that have a text: the form in which two are compared and people read it.
struct InventoryLines {
  /// In the order of the inventory.
  private(set) var objects: [String] = []
  private(set) var aspects: [String: [String: String]] = [:]
  let renaming: Renaming

  init(_ inventory: TableInventory, _ renaming: Renaming) {
    self.renaming = renaming
    add(inventory.relation, as: "table")
    add(inventory.columns, of: "")
    inventory.sequences.forEach { add($0) }
    inventory.constraints.forEach { add($0, as: "constraint \(renaming.name($0.name))") }
    inventory.incomingForeignKeys.forEach { add($0) }
    add(inventory.indexes, of: "")
    add(inventory.triggers, of: "")
    add(inventory.rules, of: "")
    inventory.policies.forEach { add($0, as: "policy \($0.name)") }
    inventory.publications.forEach { add($0) }
    add(inventory.statistics, of: "")
    inventory.dependents.forEach { add($0) }
  }

  private mutating func add(_ object: String, _ values: [(String, String?)]) {
    if aspects[object] == nil {
      aspects[object] = [:]
      objects.append(object)
    }
    for (aspect, value) in values {
      if let value { aspects[object]?[aspect] = value }
    }
  }

  private mutating func add(_ grants: [Grant], of object: String) {
    let values = grants.map { grant in
      (
        "grant \(grant.privilege) to \(grant.grantee ?? "PUBLIC") by \(grant.grantor)",
        grant.isGrantable ? "with grant option" : "without grant option"
      )
    }
    add(object, values)
  }

  private mutating func add(_ labels: [SecurityLabel], of object: String) {
    add(object, labels.map { ("security label of \($0.provider)", $0.label) })
  }

  private func options(_ options: [String]) -> [(String, String?)] {
    options.map { option in
      let parts = option.split(separator: "=", maxSplits: 1)
      return ("option \(parts.first ?? "")", parts.count > 1 ? String(parts[1]) : "")
    }
  }

  private func yes(_ flag: Bool) -> String? { flag ? "yes" : nil }

  // MARK: Parts

  private mutating func add(_ relation: TableInventory.Relation, as object: String) {
    add(
      object,
      [
        ("name", renaming.table(relation.name).description), ("kind", relation.kind.noun), ("owner", relation.owner),
        ("persistence", relation.persistence), ("tablespace", relation.tablespace),
        ("access method", relation.accessMethod), ("comment", relation.comment),
        ("replica identity", relation.replicaIdentity.rawValue),
        ("replica identity index", relation.replicaIdentityIndex.map(renaming.name)),
        ("row security", yes(relation.hasRowSecurity)), ("forced row security", yes(relation.forcesRowSecurity)),
        ("populated", yes(relation.isPopulated)),
      ] + options(relation.options))
    add(relation.grants, of: object)
    add(relation.securityLabels, of: object)
  }

  private mutating func add(_ columns: [TableInventory.Column], of owner: String) {
    for (place, column) in columns.enumerated() {
      let object = "\(owner)column \(column.name)"
      add(
        object,
        [
          ("place", "\(place + 1)"), ("type", renaming.text(column.type)),
          ("collation", column.collation?.description), ("NOT NULL", yes(column.isNotNull)),
          ("default", column.defaultExpression.map(renaming.text)),
          ("generated as", column.generationExpression.map(renaming.text)),
          ("generated", column.generated.map { "\($0)" }), ("identity", column.identity.map { "\($0)" }),
          ("storage", column.storage), ("compression", column.compression),
          ("statistics target", "\(column.statisticsTarget)"), ("comment", column.comment),
        ] + options(column.options))
      add(column.grants, of: object)
      add(column.securityLabels, of: object)
    }
  }

  private mutating func add(_ sequence: TableInventory.Sequence) {
    let object = "sequence of column \(sequence.column)"
    add(
      object,
      [
        ("name", renaming.name(sequence.name).description), ("identity", yes(sequence.isIdentity)),
        ("type", sequence.type), ("start", "\(sequence.start)"), ("increment", "\(sequence.increment)"),
        ("minimum", "\(sequence.minimum)"), ("maximum", "\(sequence.maximum)"), ("cache", "\(sequence.cache)"),
        ("cycle", yes(sequence.cycles)), ("persistence", sequence.persistence), ("owner", sequence.owner),
        ("comment", sequence.comment),
      ])
    add(sequence.grants, of: object)
    add(sequence.securityLabels, of: object)
  }

  private mutating func add(_ constraint: TableInventory.Constraint, as object: String) {
    add(
      object,
      [
        ("kind", "\(constraint.kind)"), ("definition", renaming.text(constraint.definition)),
        ("validated", yes(constraint.isValidated)), ("inherited", yes(constraint.isInherited)),
        ("comment", constraint.comment),
      ])
  }

  private mutating func add(_ key: TableInventory.IncomingForeignKey) {
    let object = "foreign key \(key.constraint.name) of \(renaming.table(key.table))"
    add(key.constraint, as: object)
    add(object, [("relies on", key.referencedIndex.map(renaming.name))])
  }

  private mutating func add(_ indexes: [TableInventory.Index], of owner: String) {
    for index in indexes {
      let targets = index.keys.enumerated().filter { $0.element.statisticsTarget >= 0 }
        .map { ("statistics target of key \($0.offset + 1)", "\($0.element.statisticsTarget)") }
      add(
        "\(owner)index \(renaming.name(index.name))",
        [
          ("definition", renaming.text(index.body)), ("unique", yes(index.isUnique)),
          ("primary key", yes(index.isPrimary)), ("exclusion", yes(index.isExclusion)),
          ("valid", yes(index.isValid)), ("clustered", yes(index.isClustered)),
          ("replica identity", yes(index.isReplicaIdentity)), ("tablespace", index.tablespace),
          ("constraint", index.constraint.map(renaming.name)), ("attached to", index.parent?.description),
          ("comment", index.comment),
        ] + targets)
    }
  }

  private mutating func add(_ triggers: [TableInventory.Trigger], of owner: String) {
    for trigger in triggers {
      add(
        "\(owner)trigger \(trigger.name)",
        [
          ("definition", renaming.text(trigger.definition)), ("enabled", "\(trigger.enabled)"),
          ("comment", trigger.comment),
        ])
    }
  }

  private mutating func add(_ rules: [TableInventory.Rule], of owner: String) {
    for rule in rules {
      add(
        "\(owner)rule \(rule.name)",
        [
          ("definition", renaming.text(rule.definition)), ("enabled", "\(rule.enabled)"), ("comment", rule.comment),
        ])
    }
  }

  private mutating func add(_ policy: TableInventory.Policy, as object: String) {
    add(
      object,
      [
        ("permissive", yes(policy.isPermissive)), ("command", policy.command),
        ("roles", policy.roles.map { $0 ?? "PUBLIC" }.joined(separator: ", ")),
        ("using", policy.using.map(renaming.text)), ("check", policy.check.map(renaming.text)),
        ("comment", policy.comment),
      ])
  }

  private mutating func add(_ publication: TableInventory.Publication) {
    add(
      "publication \(publication.name)",
      [
        ("scope", "\(publication.scope)"), ("filter", publication.rowFilter.map(renaming.text)),
        ("columns", publication.columns?.joined(separator: ", ")), ("via root", yes(publication.publishesViaRoot)),
      ])
  }

  private mutating func add(_ statistics: [TableInventory.Statistics], of owner: String) {
    for item in statistics {
      add(
        "\(owner)statistics \(renaming.name(item.name))",
        [
          ("definition", renaming.text(item.body)), ("target", "\(item.target)"), ("owner", item.owner),
          ("comment", item.comment),
        ])
    }
  }

  private mutating func add(_ dependent: TableInventory.Dependent) {
    switch dependent.object {
    case .view(let view): add(view)
    case .function(let function): add(function)
    case .rule(let rule): add([rule], of: "\(renaming.table(rule.table)), ")
    case .policy(let policy): add(policy, as: "\(renaming.table(policy.table)), policy \(policy.name)")
    case .other: add(dependent.description, [])
    }
  }

  private mutating func add(_ view: TableInventory.View) {
    let object = "\(view.relation.kind.noun) \(renaming.table(view.relation.name))"
    add(view.relation, as: object)
    add(object, [("definition", renaming.text(view.definition))])
    add(view.columns, of: "\(object), ")
    add(view.indexes, of: "\(object), ")
    add(view.triggers, of: "\(object), ")
    add(view.rules, of: "\(object), ")
    add(view.statistics, of: "\(object), ")
  }

  private mutating func add(_ function: TableInventory.Function) {
    let object = "function \(renaming.text(function.signature))"
    add(
      object,
      [
        ("definition", renaming.text(function.definition)), ("owner", function.owner), ("comment", function.comment),
      ])
    add(function.grants, of: object)
    add(function.securityLabels, of: object)
  }
}
