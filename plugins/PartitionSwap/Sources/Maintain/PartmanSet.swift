import PluginAPI

/// A table that pg_partman maintains.
struct PartmanSet: Sendable, Hashable {
  /// `partman.part_config`, wherever the extension lives.
  var config: QualifiedName
  var table: String

  static func find(_ table: QualifiedName, _ facts: any Facts) async throws -> PartmanSet? {
    let configs = try await facts.rows(
      """
      SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = 'part_config' AND c.relkind = 'r' AND 2 = (SELECT count(*) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname IN ('parent_table', 'automatic_maintenance'))
      """)
    for row in configs {
      let config = QualifiedName(try row.string("schema"), try row.string("name"))
      let name = table.schema + "." + table.name
      let known = try await facts.rows(
        "SELECT FROM \(id: config) WHERE parent_table = \(name) AND automatic_maintenance <> 'off'")
      if !known.isEmpty { return PartmanSet(config: config, table: name) }
    }
    return nil
  }

  /// Two that maintain one table get in each other's way.
  var switchOff: [Operation] {
    func set(_ state: String, id: String, undo: Undo) -> Operation {
      .transaction(
        id: id, title: "switch pg_partman's maintenance of \(table) \(state)",
        [
          TransactionStatement(
            "UPDATE \(id: config) SET automatic_maintenance = \(state) WHERE parent_table = \(table)", expect: .rows(1))
        ],
        locks: [RelationLock(.rowExclusive, config)], undo: undo)
    }
    return [set("off", id: "partman", undo: .operations([set("on", id: "partman-on", undo: .nothing)]))]
  }
}
