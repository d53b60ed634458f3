import OnlineDDL
import PluginAPI

/// What a new partition takes over from the newest one of its kind, or from the parent where there is none. Columns,
/// CHECKs, defaults, storage and extended statistics come from the parent, its indexes, foreign keys and triggers with
/// ATTACH; this is the rest.
struct LeafTemplate: Sendable, Hashable {
  /// Whose properties these are.
  var model: QualifiedName
  var parent: QualifiedName
  var owner: String
  var isUnlogged: Bool
  var accessMethod: String?
  var tablespace: String?
  /// `fillfactor=70`, those of the TOAST table as `toast.autovacuum_enabled=false`.
  var options: [String]
  /// `d`, `n`, `f`, or `i` with the index in `ownIndexes`.
  var replicaIdentity: String
  var hasRowSecurity: Bool
  var forcesRowSecurity: Bool
  /// `GRANT …` and what follows the table's name, and what is revoked before: what default privileges give.
  var grants: [Grant]
  var revokedFrom: [String]
  /// `CREATE POLICY name ON`, and what follows the table's name.
  var policies: [(name: String, rest: String)] { policyTexts.map { ($0[0], $0[1]) } }
  var policyTexts: [[String]]
  /// `ALTER COLUMN … SET …`.
  var columnSettings: [String]
  /// Indexes and constraints that are the model's own, not the parent's.
  var ownIndexes: [OwnIndex]
  /// Tables that foreign keys of the parent point to: ATTACH locks them as well.
  var referenced: [QualifiedName]
  /// Publications that name the model and none of its parents.
  var publications: [String]

  struct Grant: Sendable, Hashable {
    var privileges: String
    var column: String?
    /// `nil`: PUBLIC.
    var grantee: String?
    var withGrantOption: Bool
  }

  struct OwnIndex: Sendable, Hashable {
    var name: String
    /// `USING …`, or a constraint's definition.
    var body: String
    var isConstraint: Bool
    var isUnique: Bool
    var isReplicaIdentity: Bool
  }

  /// From the catalog as it is.
  static func read(for table: PartitionedTable, _ facts: any Facts) async throws -> LeafTemplate {
    let sibling = table.ranges.last { $0.kind == .table && !$0.isPendingDetach }
      ?? table.partitions.last { $0.kind == .table && !$0.isPendingDetach }
    let oid = sibling?.oid ?? table.facts.oid
    guard let row = try await facts.rows(LeafQuery.properties(oid, parent: table.facts.oid)).first else {
      throw StepRefusal("partition.changed", "\(table.name) has gone", choices: ["apply again"])
    }
    return LeafTemplate(
      model: sibling?.name ?? table.name, parent: table.name, owner: try row.string("owner"),
      isUnlogged: try row.string("persistence") == "u", accessMethod: row["method"], tablespace: row["tablespace"],
      options: try row.strings("options"), replicaIdentity: try row.string("identity"),
      hasRowSecurity: try row.bool("secured"), forcesRowSecurity: try row.bool("forced"),
      grants: try await grants(oid, facts), revokedFrom: try row.strings("revoked"),
      policyTexts: try await facts.rows(LeafQuery.policies(oid)).map { [try $0.string("name"), try $0.string("rest")] },
      columnSettings: try await facts.rows(LeafQuery.columnSettings(oid)).map { try $0.string("setting") },
      ownIndexes: sibling == nil ? [] : try await ownIndexes(oid, facts),
      referenced: try await table.referenced(facts),
      publications: sibling == nil ? [] : try row.strings("publications"))
  }

  private static func grants(_ oid: Int64, _ facts: any Facts) async throws -> [Grant] {
    try await facts.rows(LeafQuery.grants(oid)).map { row in
      Grant(
        privileges: try row.string("privileges"), column: row["column_name"], grantee: row["grantee"],
        withGrantOption: try row.bool("grantable"))
    }
  }

  private static func ownIndexes(_ oid: Int64, _ facts: any Facts) async throws -> [OwnIndex] {
    try await facts.rows(LeafQuery.ownIndexes(oid)).map { row in
      OwnIndex(
        name: try row.string("name"), body: try row.string("body"), isConstraint: try row.bool("is_constraint"),
        isUnique: try row.bool("is_unique"), isReplicaIdentity: try row.bool("is_identity"))
    }
  }
}
