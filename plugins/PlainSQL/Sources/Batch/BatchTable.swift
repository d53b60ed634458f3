import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// What a batch has to know about a table.
struct BatchTable: Sendable {
  struct Column: Sendable, Hashable {
    var name: String
    /// For a cast, without its modifiers.
    var type: String
    var notNull: Bool
    var generated: Bool
    /// `a` ALWAYS, `d` BY DEFAULT, empty: none.
    var identity: String
  }

  struct Key: Sendable, Hashable {
    var name: String
    var columns: [String]
  }

  struct Trigger: Sendable, Hashable {
    var name: String
    /// The bits of `pg_trigger.tgtype`.
    var events: Int64
    /// Of `UPDATE OF`; empty: any.
    var columns: [String]
  }

  struct Reference: Sendable, Hashable {
    var name: String
    var table: String
    /// `pg_constraint.confdeltype`.
    var onDelete: String
    var isIndexed: Bool
  }

  var name: QualifiedName
  var kind: String
  /// An estimate; -1: never analysed.
  var rows: Int64
  var hasChildren: Bool
  var hidesRows: Bool
  var columns: [Column]
  /// Unique, valid, immediate, over columns only; the primary key first.
  var keys: [Key]
  var triggers: [Trigger]
  var partitionKey: [String]
  var referencedBy: [Reference]

  subscript(column: String) -> Column? { columns.first { $0.name == column } }

  /// FROM item. A plain table with inheritance children is meant alone: a key is unique in it only.
  var source: String { hasChildren && kind == "r" ? "ONLY " + name.quoted : name.quoted }

  /// Columns an INSERT may name.
  var insertable: [String] { columns.filter { !$0.generated }.map(\.name) }

  /// Unique keys that tell every row from every other.
  var usableKeys: [Key] { keys.filter { $0.columns.allSatisfy { self[$0]?.notNull ?? false } } }

  func keyset(_ names: [String]) -> Keyset {
    Keyset(columns: names.map { Keyset.Column(name: $0, type: self[$0]?.type ?? "text") })
  }

  /// `nil`: there is no such relation.
  static func read(_ name: QualifiedName, _ facts: any Facts) async throws -> BatchTable? {
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
