import JSONText
import SQLText

extension IndexFacts {
  init(row: Row) throws {
    let parts = try JSON(parsing: try row.string("keys")).array ?? []
    self.init(
      oid: try row.int64("oid"), name: QualifiedName(try row.string("schema"), try row.string("name")),
      table: QualifiedName(try row.string("table_schema"), try row.string("table_name")),
      tableOid: try row.int64("table_oid"), method: try row.string("method"),
      definition: try row.string("definition"), body: try row.string("body"),
      keys: parts.filter { $0["key"]?.bool ?? false }.map(IndexKey.init(json:)),
      include: parts.filter { !($0["key"]?.bool ?? false) }.compactMap { $0["column"]?.string },
      predicate: row["predicate"], options: try row.strings("options"), tablespace: row["tablespace"],
      isUnique: try row.bool("indisunique"), nullsNotDistinct: try row.bool("indnullsnotdistinct"),
      isPrimary: try row.bool("indisprimary"),
      isExclusion: try row.bool("indisexclusion"), isValid: try row.bool("indisvalid"),
      isReady: try row.bool("indisready"), isClustered: try row.bool("indisclustered"),
      isReplicaIdentity: try row.bool("indisreplident"),
      isPartitioned: try row.string("relkind") == RelationKind.partitionedIndex.rawValue,
      constraint: row["constraint_name"], parent: QualifiedName(row["parent_schema"], row["parent_name"]),
      comment: row["comment"], owner: try row.string("owner"), bytes: try row.int64("bytes"),
      columns: try row.strings("columns"), signature: try row.string("signature"))
  }
}

extension IndexKey {
  fileprivate init(json: JSON) {
    let flags = json["flags"]?.int ?? 0
    self.init(
      column: json["column"]?.string, text: json["text"]?.string ?? "",
      operatorClass: QualifiedName(json["opclass_schema"]?.string, json["opclass"]?.string),
      operatorClassOptions: (json["options"]?.array ?? []).compactMap(\.string),
      collation: QualifiedName(json["collation_schema"]?.string, json["collation"]?.string),
      isDescending: flags & 1 != 0, nullsFirst: flags & 2 != 0,
      statisticsTarget: Int(json["statistics"]?.int ?? -1))
  }
}
