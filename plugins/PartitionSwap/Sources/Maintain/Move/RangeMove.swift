import JSONText
import OnlineDDL
import PluginAPI

/// Rows of a default partition that are too many to be moved under a lock: copied into partitions to be while everybody
/// goes on, followed by a log of changed keys, and attached when both sides are the same.
struct RangeMove: Sendable, Hashable, Codable {
  /// The partitioned table, and its default partition.
  var parent: QualifiedName
  var rest: QualifiedName
  /// Partitioned as the table is; holds the partitions until they are attached.
  var staging: QualifiedName
  /// Of the staging table: rows that no range takes. They go back into the default partition.
  var staying: QualifiedName
  /// From `move` on: by then no row comes unnoted, and the plan that was shown says nothing of what clients write.
  var leaves: [PlannedLeaf] = []
  /// Of the table, the primary key first.
  var indexes: [CopyIndex]
  /// What follows PARTITION BY.
  var partitionedBy: String
  /// From the default partition into the staging table.
  var log: KeyLog
  var triggers: [Trigger]
  /// What foreign keys of the table point to.
  var referenced: [QualifiedName]
  /// Of the triggers that note changes, as they were made; from `move` on.
  var captureFingerprint: String?

  /// Of the default partition: moving a row is no deletion for the application.
  struct Trigger: Sendable, Hashable, Codable {
    var name: String
    /// `ENABLE ALWAYS`, as it is enabled.
    var enable: String
  }

  var columns: SQL { "\(id: log.columns)" }
  var oldWriters: OldWriters { OldWriters(table: parent, name: log.name) }
  var leafNames: [QualifiedName] { leaves.map(\.name) }

  // MARK: Carry

  static func read(_ carry: JSON) throws -> RangeMove? { try carry["move"]?.decoded() }

  /// Beside what the step carries already.
  func put(into carry: JSON) throws -> JSON {
    var object = carry.object ?? JSONObject([])
    object["move"] = try JSON(encoding: self)
    return .object(object)
  }
}

extension RangeMove {
  /// From then on every change of the default partition is noted.
  var capture: [Operation] {
    [
      transaction("move-log", "create the log of changed keys of \(rest)", log.create, undo: [
        transaction("drop", "drop the log of changed keys", log.drop + oldWriters.forget)
      ]),
      transaction("move-capture", "note every change of \(rest)", log.capture(on: rest), lock: .shareRowExclusive, undo: [
        transaction("release", "stop noting changes of \(rest)", log.dropCapture(from: rest), lock: .accessExclusive)
      ]),
    ]
  }

  /// The partitions to be.
  func tables(_ creation: LeafCreation, _ key: PartitionKey) -> Operation {
    var tables: [SQL] = [
      "CREATE TABLE \(id: staging) (LIKE \(id: parent) INCLUDING GENERATED) PARTITION BY \(sql: partitionedBy)",
      "CREATE TABLE \(id: staying) PARTITION OF \(id: staging) DEFAULT",
    ]
    for leaf in leaves {
      // With the CHECK neither table has to be read when it is attached.
      tables += creation.create(leaf.name, check: leaf.bound.condition(key))
      tables.append("ALTER TABLE \(id: staging) ATTACH PARTITION \(id: leaf.name) \(sql: leaf.bound.forValues)")
    }
    return transaction(
      "move-tables", "create \(leaves.count) partitions for rows of \(rest)", tables,
      undo: [transaction("drop", "drop \(staging)", ["DROP TABLE IF EXISTS \(id: staging)"])])
  }

  private func transaction(
    _ id: String, _ title: String, _ statements: [SQL], lock: LockMode? = nil, undo: [Operation]? = nil
  ) -> Operation {
    .transaction(
      id: id, title: title, statements.map { TransactionStatement($0) },
      locks: lock.map { [RelationLock($0, rest)] } ?? [], undo: undo.map { .operations($0) } ?? .nothing)
  }

  /// Everything of the move that is not the table's own.
  var cleanup: Operation {
    transaction(
      "move-clean", "drop \(staging) and the log of changed keys", ["DROP TABLE \(id: staging)"] + log.drop)
  }
}
