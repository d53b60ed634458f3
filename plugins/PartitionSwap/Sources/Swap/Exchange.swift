import OnlineDDL
import PluginAPI

/// One table takes another's name and what hangs on it: forwards the partitioned copy takes the table's, backwards the
/// old table takes it again. One transaction.
struct Exchange {
  /// Has the name until now, as it is at this moment.
  let leaving: Side
  /// What it is called afterwards.
  let retired: QualifiedName
  /// Takes the name.
  let coming: Side
  /// Names of indexes, statistics and sequences that change hands, in this order.
  let renames: [Rename]
  /// Foreign keys of the table: dropped from the one that leaves, made on the one that comes.
  let outgoing: [TableInventory.Constraint]
  /// Other tables' foreign keys.
  let incoming: [IncomingKey]
  /// From the table that leaves to the one that comes: replayed for the last time.
  let log: KeyLog
  /// Of the transaction.
  let settings: [Setting]
  /// The same under the lock: what `plan` was made for.
  let guards: [TransactionStatement]
  let oldSnapshots: OldSnapshotChoice

  struct Side: Sendable, Hashable {
    var table: TableInventory
    var leaves: [QualifiedName]
    var name: QualifiedName { table.name }
  }

  struct Rename: Sendable, Hashable, Codable {
    enum Kind: String, Sendable, Hashable, Codable { case index, statistics, sequence }
    var kind: Kind
    var from: QualifiedName
    var to: String
    /// Of the table that leaves: its names are free before the other's take them.
    var vacates: Bool

    var sql: SQL { "ALTER \(sql: kind.rawValue.uppercased()) \(id: from) RENAME TO \(id: to)" }
  }

  /// Another table's foreign key: its name and definition before and after (`nil`: none).
  struct IncomingKey: Sendable, Hashable, Codable {
    var table: QualifiedName
    var before: Named?
    var after: Named?

    struct Named: Sendable, Hashable, Codable {
      var name: String
      var definition: String
      var comment: String?
    }

    /// Not validated: that is done afterwards.
    var make: [SQL] {
      guard let after else { return [] }
      return ["ALTER TABLE \(id: table) ADD CONSTRAINT \(id: after.name) \(sql: after.definition) NOT VALID"]
        + ConstraintComment.set(after.comment, after.name, on: table)
    }
  }

  var name: QualifiedName { leaving.name }

  /// From the locks to the names; what then is made on the table differs between the two directions.
  func opening(rows: Int) -> [TransactionStatement] {
    let replay = TransactionStatement(log.replay(truncates: false))
    return locking.map { TransactionStatement($0) } + guards + [fewChanges(rows), replay] + readers
      + (dropping + log.dropCapture(from: name, leaves: leaving.leaves) + TableDDL(leaving.table).leavePublications() + namesChange)
      .map { TransactionStatement($0) }
  }

  // MARK: Locks

  /// Views first: whoever reads through one locks it before its tables. Then what foreign keys refer to.
  private var locked: [QualifiedName] {
    let views = leaving.table.views.filter { !$0.isMaterialized }.map(\.relation.name)
    let referenced = outgoing.compactMap(\.reference?.table).filter { $0 != name }
    return (views + referenced.unique.sorted() + [name] + incoming.map(\.table).unique.sorted() + [coming.name]).unique
  }

  /// Partitions and sequences come with their tables: nobody else can have them by then.
  var locks: [RelationLock] {
    let materialized = leaving.table.views.filter(\.isMaterialized).map(\.relation.name)
    let sequences = (leaving.table.sequences + coming.table.sequences).map(\.name)
      + renames.filter { $0.kind == .sequence }.flatMap { [$0.from, QualifiedName($0.from.schema, $0.to)] }
    let all = locked + materialized + leaving.table.dependentOwners + leaving.leaves + coming.leaves + sequences + [retired]
    return all.unique.map { RelationLock(.accessExclusive, $0) }
  }

  /// `LOCK TABLE` of a view would lock whatever else it reads as well, and ask whether its owner may: an owner who stays
  /// the same locks the view alone.
  private var locking: [SQL] {
    let views = leaving.table.views.filter { !$0.isMaterialized }.map(\.relation)
    let names: [SQL] = locked.filter { name in !views.contains { $0.name == name } }.map { "\(id: $0)" }
    return views.map { "ALTER TABLE \(id: $0.name) OWNER TO \(id: $0.owner)" }
      + ["LOCK TABLE \(sql: names.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE"]
  }

  // MARK: Under the lock

  private func fewChanges(_ most: Int) -> TransactionStatement {
    TransactionStatement(
      """
      SELECT count(*) <= \(sql: String(most)) AND NOT coalesce(bool_or(l.marker), false)
      FROM (SELECT marker FROM \(id: log.log) LIMIT \(sql: String(most + 1))) l
      """, expect: .isTrue, onMismatch: .retryPhase,
      message: "more than \(most) changes, or a TRUNCATE, came while the lock was waited for")
  }

  private var readers: [TransactionStatement] {
    guard oldSnapshots != .accept else { return [] }
    return [
      TransactionStatement(
        log.oldReaders, expect: .isTrue, onMismatch: oldSnapshots == .wait ? .retryPhase : .fail,
        message: "a transaction is older than the copied rows and would not see them")
    ]
  }

  private var dropping: [SQL] {
    let keys = incoming.compactMap { key in
      key.before.map { "ALTER TABLE \(id: key.table) DROP CONSTRAINT \(id: $0.name)" as SQL }
    }
    return TableDDL(leaving.table).dropUnreplaceable() + keys + outgoing.map { "ALTER TABLE \(id: name) DROP CONSTRAINT \(id: $0.name)" }
  }

  private var namesChange: [SQL] {
    let vacating = renames.filter(\.vacates).map(\.sql), taking = renames.filter { !$0.vacates }.map(\.sql)
    return vacating
      + [
        "ALTER TABLE \(id: name) RENAME TO \(id: retired.name)",
        "ALTER TABLE \(id: coming.name) RENAME TO \(id: name.name)",
      ] + taking
  }
}

extension TableInventory {
  /// Views and materialized views over it, in the order in which they can be made.
  var views: [View] {
    dependents.compactMap { if case .view(let view) = $0.object { view } else { nil } }
  }

  /// Tables whose rules and policies read it.
  var dependentOwners: [QualifiedName] {
    dependents.compactMap {
      switch $0.object {
      case .rule(let rule): rule.table
      case .policy(let policy): policy.table
      default: nil
      }
    }
  }
}

extension [QualifiedName] {
  /// Each once, at its first place.
  var unique: [QualifiedName] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}

enum DeadlockPatience {
  /// Where the role may: in a deadlock it is we who notice first and give way, and autovacuum lets go at once.
  static func settings(_ facts: any Facts) async throws -> [Setting] {
    let may = try await facts.rows("SELECT has_parameter_privilege(current_user, 'deadlock_timeout', 'SET')").first?[0]
    return may == "t" ? [Setting("deadlock_timeout", "50ms")] : []
  }
}

/// What a table was compiled for, asked again under the lock.
struct TableFingerprint {
  let oid: Int64
  init(_ oid: Int64) { self.oid = oid }

  private var query: SQL { InventoryQuery.fingerprint(of: oid, ignoringTriggers: KeyLog.triggerPrefix) }

  func read(_ facts: any Facts) async throws -> String { try await facts.rows(query).first?[0] ?? "" }
  func holds(_ value: String) -> SQL { "SELECT (\(sql: query)) = \(literal: value)" }
}

enum ConstraintComment {
  static func set(_ comment: String?, _ constraint: String, on table: QualifiedName) -> [SQL] {
    comment.map { ["COMMENT ON CONSTRAINT \(id: constraint) ON \(id: table) IS \(literal: $0)"] } ?? []
  }
}
