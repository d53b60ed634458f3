import FoundationEssentials
import SQLText

/// What one query of an inventory answered, by the relation it belongs to.
struct InventoryPart<Value: Decodable & Sendable>: Sendable {
  private var byRelation: [Int64: [Value]] = [:]
  private(set) var all: [Value] = []

  init(_ rows: [Row]) throws {
    let decoder = JSONDecoder()
    for row in rows {
      let value = try decoder.decode(Value.self, from: Data(try row.string("value").utf8))
      byRelation[try row.int64("relation"), default: []].append(value)
      all.append(value)
    }
  }

  subscript(relation: Int64) -> [Value] { byRelation[relation] ?? [] }
}

/// A row of the walk over what refers to the table.
struct FoundDependent: Sendable {
  let catalog: String
  let oid: Int64
  let description: String
  let refersTo: [Int64]
  let usesRowType: Bool
  let constraints: [String]

  init(_ row: Row) throws {
    let decoder = JSONDecoder()
    catalog = try row.string("class")
    oid = try row.int64("oid")
    description = try row.string("description")
    refersTo = try decoder.decode([Int64].self, from: Data(try row.string("refers_to").utf8))
    usesRowType = try row.bool("uses_row_type")
    constraints = try decoder.decode([String].self, from: Data(try row.string("constraints").utf8))
  }
}
