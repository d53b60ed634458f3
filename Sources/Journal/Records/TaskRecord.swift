package import JSONText
package import RunModel
package import SQLText

/// A leaf operation, or one slice of it.
package struct TaskRecord: Sendable, Hashable {
  package let step: String
  package let task: Int
  package let phase: Int
  /// Of its program.
  package let attempt: Int
  package let direction: Direction
  /// The forward task this one takes back.
  package let undoes: Int?
  package let operation: String
  package let slice: Int
  package let bounds: JSON?
  package let kind: String
  package let title: String?
  package let state: TaskState
  package let fence: Int64
  package let intent: JSON?
  package let cursor: JSON?
  package let chunks: Int64
  package let xid: String?
  package let rowsDone: Double
  package let rowsTotal: Double?
  package let result: JSON?
  package let undoState: JSON?
  package let changedAt: String

  static let select: SQL = """
    SELECT t.step, t.task, t.phase, t.attempt, t.direction, t.undoes, t.operation, t.slice, t.bounds, t.kind, t.title,
      t.state, t.fence, t.intent, t.cursor, t.chunks, t.xid, t.done_rows, t.total_rows, t.result, t.undo_state,
      t.changed_at FROM caisson.task t
    """

  package init(_ row: Row) throws {
    step = try row.string("step")
    task = try row.int("task")
    phase = try row.int("phase")
    attempt = try row.int("attempt")
    direction = try row.state("direction")
    undoes = try row.intIfAny("undoes")
    operation = try row.string("operation")
    slice = try row.int("slice")
    bounds = try row.jsonIfAny("bounds")
    kind = try row.string("kind")
    title = row["title"]
    state = try row.state("state")
    fence = try row.int64("fence")
    intent = try row.jsonIfAny("intent")
    cursor = try row.jsonIfAny("cursor")
    chunks = try row.int64("chunks")
    xid = row["xid"]
    rowsDone = try row.double("done_rows")
    rowsTotal = row["total_rows"] == nil ? nil : try row.double("total_rows")
    result = try row.jsonIfAny("result")
    undoState = try row.jsonIfAny("undo_state")
    changedAt = try row.string("changed_at")
  }
}
