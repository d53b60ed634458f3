import PlanSchema
import PluginAPI

/// The transaction that erases, and the look at what is left.
struct EraseTransaction {
  let plan: ErasePlan
  /// Whom it is about; it binds secrets.
  let subjects: SubjectKeys
  /// Rows of each change when it was looked, before anything was locked.
  let counts: [Int]

  private var announcement: SubjectAnnouncement { SubjectAnnouncement(subjects: subjects, type: plan.map.key.type) }
  private var settings: [Setting] { plan.rules.settings.map { Setting($0.key, $0.value) } }

  func operation(title: String) -> Operation {
    .transaction(
      id: "erase", title: title, opening(isHeldBack: true) + work, settings: settings,
      undo: .irreversible(reason: "what is erased is nowhere to be had again"))
  }

  /// The same once more for what came while it went on: nobody decides anew about somebody who is erased.
  var rest: Operation {
    .transaction(
      id: "rest", title: "erase what came meanwhile", opening(isHeldBack: false) + work, settings: settings, undo: .nothing)
  }

  private func opening(isHeldBack: Bool) -> [TransactionStatement] {
    let keys = announcement.keys
    var list = [TransactionStatement(announcement.statement, expect: .isTrue)]
    list += plan.map.locks(keys).map { TransactionStatement($0) }
    if isHeldBack, let free = plan.isFree(keys) {
      list.append(TransactionStatement(free, expect: .isTrue, message: "a subject is under legal hold"))
    }
    return list
  }

  private var work: [TransactionStatement] {
    let keys = announcement.keys
    // However many there are by now: somebody who goes on writing would never be erased otherwise.
    return plan.changes.map { TransactionStatement($0.statement(keys)) } + plan.graph.scrubbing(plan.rules.scrub).map { TransactionStatement($0) } + looks(keys)
  }

  /// What triggers of this very transaction wrote is there however often it is tried.
  private func looks(_ keys: SubjectKeys) -> [TransactionStatement] {
    plan.changes.filter(\.concernsValues).map { change in
      TransactionStatement(
        "SELECT NOT EXISTS (SELECT FROM \(id: change.table) AS t WHERE \(sql: change.left(keys)) AND \(sql: EraseGraph.isOurs))",
        expect: .isTrue, message: "\(change.title): a trigger puts rows of the subject there (`scrub` erases such copies)")
    }
  }

  /// Nothing that was to go is there any more; what has come since is erased as well, by a phase that is run again.
  func look(_ keys: SubjectKeys) -> Operation {
    let left = plan.changes.map { change in
      TransactionStatement(
        "SELECT NOT EXISTS (SELECT FROM \(id: change.table) AS t WHERE \(sql: change.left(keys)))", expect: .isTrue,
        onMismatch: .retryPhase, message: "\(change.title): rows are left, or came meanwhile")
    }
    return .transaction(id: "look", title: "look for what is left of the subject", left, undo: .nothing)
  }

  var total: Int { counts.reduce(0, +) }

  /// For `plan`: what is done to how many rows.
  var note: Finding {
    let parts = zip(plan.changes, counts).filter { $0.1 > 0 }.map { "\($0.0.title): \($0.1)" }
    return .note("gdpr.erase.changes", parts.joined(separator: ", "), at: plan.rules.ranges.rows)
  }
}

extension EraseChange {
  /// Rows of `t` that should not be there any more, as far as one can tell by looking.
  func left(_ keys: SubjectKeys) -> SQL {
    guard case .anonymize(let table) = kind else { return rows(keys) }
    return "\(sql: table.rows(of: keys, key: graph.map.key.name)) AND NOT \(sql: table.looksDone)\(sql: spared(keys))"
  }
}
