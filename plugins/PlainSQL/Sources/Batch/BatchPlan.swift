import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// The operations of a batch, everything about it known.
struct BatchPlan {
  let wanted: DataBatch.Parameters
  let table: BatchTable
  let target: BatchTable?
  let key: Keyset
  let runTag: String

  var undoTable: UndoTable {
    UndoTable(name: QualifiedName("caisson", Quoting.fitted("undo_" + runTag)), of: kept, of: kind)
  }

  private var kind: UndoTable.Kind {
    if wanted.delete { return .deleted }
    return wanted.insertInto == nil ? .updated(wanted.set?.keys ?? []) : .inserted
  }

  /// The table whose rows change, with the key they are found by.
  private var kept: (table: BatchTable, key: Keyset) {
    guard let target else { return (table, key) }
    return (target, target.keyset(target.usableKeys.first?.columns ?? []))
  }

  static func conflictKey(_ insertion: DataBatch.Insertion, _ target: BatchTable) -> [String] {
    insertion.key?.map(\.name) ?? target.usableKeys.first?.columns ?? []
  }

  var operations: [Operation] {
    var list: [Operation] = []
    if wanted.keepUndo { list.append(undoTable.creation) }
    let statement = ChunkStatement(plan: self, keeping: wanted.keepUndo).text
    list.append(
      .chunked(
        id: "batch", title: title, work(statement), locks: ChunkText.locks(of: statement), undo: undo))
    if wanted.verify == .noneLeft, wanted.insertInto == nil { list.append(verification) }
    return list
  }

  var privileges: [Privilege] {
    let right = wanted.delete ? "DELETE" : wanted.set != nil ? "UPDATE" : "INSERT"
    let changed = Privilege(.table(target?.name ?? table.name, right: right))
    guard wanted.keepUndo else { return [changed] }
    return [changed, Privilege(.create(schema: "caisson"), alternative: "leave keep_undo out")]
  }

  private var title: String {
    if wanted.delete { return "delete from \(table.name)" }
    if let target { return "copy \(table.name) into \(target.name)" }
    return "update \(table.name): \(wanted.set?.keys.joined(separator: ", ") ?? "")"
  }

  private func work(_ statement: String) -> ChunkedWork {
    let sample = KeySample(table: table, key: key)
    return ChunkedWork(
      [SQL(verbatim: statement)], slices: wanted.workers > 1 ? sample.slices(wanted.workers * 4) : nil,
      total: sample.total(condition), target: wanted.chunk, workers: wanted.workers, settings: ChunkText.settings)
  }

  var condition: String? { wanted.where.map { ChunkText.embedded($0.text) } }

  private var undo: Undo {
    guard wanted.keepUndo else {
      return .irreversible(
        reason: wanted.insertInto == nil
          ? "old values are not kept; set keep_undo" : "which rows were inserted is not kept; set keep_undo")
    }
    return .operations(undoTable.restoration(chunk: wanted.chunk))
  }

  private var verification: Operation {
    let alias = Quoting.identifier(table.name.name)
    let query: SQL =
      "SELECT NOT EXISTS (SELECT FROM \(sql: table.source) AS \(sql: alias) WHERE \(sql: condition ?? "true"))"
    let message =
      "rows of \(table.name) still match `where`: the change does not make it false, or the application still"
      + " writes such rows"
    return .observe(
      id: "verify", title: "verify that no row is left",
      ObserveWork([.init("none_left", query, expect: .isTrue, message: message)]))
  }

  /// The chunk's statement for EXPLAIN, without a table that is not there yet.
  var explainable: String {
    ChunkText.explainable(ChunkStatement(plan: self, keeping: false).text)
  }
}
