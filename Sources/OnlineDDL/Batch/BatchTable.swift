import JSONText
package import PluginAPI

/// What a batch has to know about a table.
package struct BatchTable: Sendable {
  package struct Column: Sendable, Hashable {
    package var name: String
    /// For a cast, without its modifiers.
    package var type: String
    package var notNull: Bool
    package var generated: Bool
    /// `a` ALWAYS, `d` BY DEFAULT, empty: none.
    package var identity: String
  }

  package struct Key: Sendable, Hashable {
    package var name: String
    package var columns: [String]
  }

  package struct Trigger: Sendable, Hashable {
    package var name: String
    /// The bits of `pg_trigger.tgtype`.
    package var events: Int64
    /// Of `UPDATE OF`; empty: any.
    package var columns: [String]
  }

  package struct Reference: Sendable, Hashable {
    package var name: String
    package var table: String
    /// `pg_constraint.confdeltype`.
    package var onDelete: String
    package var isIndexed: Bool
  }

  package var name: QualifiedName
  package var kind: String
  /// An estimate; -1: never analysed.
  package var rows: Int64
  package var hasChildren: Bool
  package var hidesRows: Bool
  package var columns: [Column]
  /// Unique, valid, immediate, over columns only; the primary key first.
  package var keys: [Key]
  package var triggers: [Trigger]
  package var partitionKey: [String]
  package var referencedBy: [Reference]

  package subscript(column: String) -> Column? { columns.first { $0.name == column } }

  /// FROM item. A plain table with inheritance children is meant alone: a key is unique in it only.
  package var source: String { hasChildren && kind == "r" ? "ONLY " + name.quoted : name.quoted }

  /// Columns an INSERT may name.
  package var insertable: [String] { columns.filter { !$0.generated }.map(\.name) }

  /// Unique keys that tell every row from every other.
  package var usableKeys: [Key] { keys.filter { $0.columns.allSatisfy { self[$0]?.notNull ?? false } } }

  package func keyset(_ names: [String]) -> Keyset {
    Keyset(columns: names.map { Keyset.Column(name: $0, type: self[$0]?.type ?? "text") })
  }

  /// `nil`: there is no such relation.
  package static func read(_ name: QualifiedName, _ facts: any Facts) async throws -> BatchTable? {
    await facts.consulted(name)
    guard let row = try await facts.rows(query(name)).first else { return nil }
    return BatchTable(name, try JSON(parsing: try row.string("facts")))
  }

  private init(_ name: QualifiedName, _ json: JSON) {
    func list(_ key: String) -> [JSON] { json[key]?.array ?? [] }
    func words(_ value: JSON?) -> [String] { (value?.array ?? []).compactMap(\.string) }
    self.name = name
    kind = json["kind"]?.string ?? ""
    rows = json["rows"]?.int ?? -1
    hasChildren = json["children"]?.bool ?? false
    hidesRows = json["hides"]?.bool ?? false
    columns = list("columns").map {
      Column(
        name: $0["name"]?.string ?? "", type: $0["type"]?.string ?? "", notNull: $0["not_null"]?.bool ?? false,
        generated: $0["generated"]?.bool ?? false, identity: $0["identity"]?.string ?? "")
    }
    keys = list("keys").map { Key(name: $0["name"]?.string ?? "", columns: words($0["columns"])) }
    triggers = list("triggers").map {
      Trigger(name: $0["name"]?.string ?? "", events: $0["type"]?.int ?? 0, columns: words($0["columns"]))
    }
    partitionKey = words(json["partition_key"])
    referencedBy = list("referenced_by").map {
      Reference(
        name: $0["name"]?.string ?? "", table: $0["table"]?.string ?? "", onDelete: $0["on_delete"]?.string ?? "",
        isIndexed: $0["indexed"]?.bool ?? false)
    }
  }
}
