import PlanSchema
import PluginAPI

/// One statement of an erasure, and how many rows it has to concern.
struct EraseChange: Sendable {
  enum Kind: Sendable {
    case anonymize(MappedTable)
    case cut(Referrer)
    case delete(QualifiedName)
  }

  let kind: Kind
  let graph: EraseGraph

  /// For people and for the log: what is done to which table.
  var title: String {
    switch kind {
    case .anonymize(let table): "anonymize \(table.name)"
    case .cut(let reference): "null \(reference.name)"
    case .delete(let table): "delete \(table)"
    }
  }

  var table: QualifiedName {
    switch kind {
    case .anonymize(let table): table.name
    case .cut(let reference): reference.source
    case .delete(let table): table
    }
  }

  /// Not only a reference.
  var concernsValues: Bool { if case .cut = kind { false } else { true } }

  /// Rows of `t` that are still to be changed.
  func rows(_ keys: SubjectKeys) -> SQL {
    switch kind {
    case .anonymize(let table):
      return "\(sql: table.rows(of: keys, key: graph.map.key.name)) AND NOT \(sql: table.isDone)\(sql: spared(keys))"
    case .cut(let reference):
      return reference.rows(where: graph.rows(of: reference.key.target, keys)) + spared(keys)
    case .delete(let table): return graph.rows(of: table, keys)
    }
  }

  /// Rows that are deleted anyway are not changed before.
  func spared(_ keys: SubjectKeys) -> SQL {
    graph.doomed[table] == nil ? "" : " AND (\(sql: graph.rows(of: table, keys))) IS NOT TRUE"
  }

  func count(_ keys: SubjectKeys) -> SQL { "SELECT count(*) AS n FROM \(id: table) AS t WHERE \(sql: rows(keys))" }

  func statement(_ keys: SubjectKeys) -> SQL {
    switch kind {
    case .anonymize(let table):
      return "UPDATE \(sql: table.source) SET\n  \(sql: table.assignments)\nWHERE \(sql: rows(keys))"
    case .cut(let reference):
      let nulls = reference.key.columns.map { "\(id: $0) = NULL" as SQL }.joined(separator: ", ")
      return "UPDATE \(id: table) AS t SET \(sql: nulls)\nWHERE \(sql: rows(keys))"
    case .delete: return "DELETE FROM \(id: table) AS t\nWHERE \(sql: rows(keys))"
    }
  }
}

extension EraseGraph {
  /// In an order in which every condition still finds its rows: what stays is changed while all of it still leads to the
  /// subject, then the tables farthest from the subject go first, references to a table just before its rows.
  func changes(_ order: [QualifiedName]) -> [EraseChange] {
    let anonymized = map.tables.filter { strategies[$0.name] == .anonymize }
    // The subject's own row last: conditions may ask for what stands in it.
    let stays = anonymized.filter { !$0.isSubject } + anonymized.filter(\.isSubject)
    return stays.map { EraseChange(kind: .anonymize($0), graph: self) }
      + order.flatMap { table in
        cut.filter { $0.key.target == table }.map { EraseChange(kind: .cut($0), graph: self) }
          + [EraseChange(kind: .delete(table), graph: self)]
      }
  }

  /// A row that this very transaction wrote.
  static let isOurs: SQL = "t.xmin = pg_current_xact_id()::xid"

  /// Copies that triggers made of the changes.
  func scrubbing(_ tables: [Located<QualifiedName>]) -> [SQL] {
    tables.compactMap { name in
      guard let table = map[name.value] else { return nil }
      let ours = Self.isOurs
      switch strategies[table.name] {
      case .delete: return "DELETE FROM \(sql: table.source) WHERE \(sql: ours)"
      case .anonymize:
        return "UPDATE \(sql: table.source) SET\n  \(sql: table.assignments)\nWHERE \(sql: ours) AND NOT \(sql: table.isDone)"
      case .keep, nil: return nil
      }
    }
  }
}
