package import JSONText
package import SQLText

/// A line of history. `seq` is there once it is sealed.
package struct EventRecord: Sendable, Hashable {
  package let id: Int64
  package let seq: Int64?
  package let at: String
  package let run: String?
  package let step: String?
  package let task: Int?
  package let fence: Int64?
  /// As stored: a newer engine's kinds are shown too.
  package let kind: String
  package let actor: String
  package let databaseUser: String
  package let data: JSON

  static let select: SQL = """
    SELECT e.id, e.seq, e.at, e.run_id, e.step, e.task, e.fence, e.kind, e.actor, e.db_user, e.data FROM caisson.event e
    """

  package init(_ row: Row) throws {
    id = try row.int64("id")
    seq = row["seq"] == nil ? nil : try row.int64("seq")
    at = try row.string("at")
    run = row["run_id"]
    step = row["step"]
    task = try row.intIfAny("task")
    fence = row["fence"] == nil ? nil : try row.int64("fence")
    kind = try row.string("kind")
    actor = try row.string("actor")
    databaseUser = try row.string("db_user")
    data = try row.json("data")
  }
}
