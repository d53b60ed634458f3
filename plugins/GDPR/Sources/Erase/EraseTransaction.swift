import PlanSchema
import PluginAPI

/// The transaction that erases, and the look at what is left.
struct EraseTransaction {
  let plan: ErasePlan
  /// Whom it is about; it binds secrets.
  let subjects: SubjectKeys
  /// Of each change, as it was counted.
  let counts: [Int]

  private var announcement: SubjectAnnouncement { SubjectAnnouncement(subjects: subjects, type: plan.map.key.type) }

  func operation(title: String) -> Operation {
    .transaction(
      id: "erase", title: title, statements,
      settings: plan.rules.settings.map { Setting($0.key, $0.value) },
      undo: .irreversible(reason: "what is erased is nowhere to be had again"))
  }

  private var statements: [TransactionStatement] {
    let keys = announcement.keys
    var list = [TransactionStatement(announcement.statement, expect: .isTrue), TransactionStatement(lock(keys))]
    if let free = plan.isFree(keys) {
      list.append(TransactionStatement(free, expect: .isTrue, message: "a subject is under legal hold"))
    }
    // Where triggers write copies there are more rows than were counted.
    let scrubbed = Set(plan.rules.scrub.map(\.value))
    list += zip(plan.changes, counts).map { change, count in
      TransactionStatement(
        change.statement(keys), expect: scrubbed.contains(change.table) ? .any : .rows(count), onMismatch: .retryPhase,
        message: "\(change.title): rows have come or gone since they were counted")
    }
    return list + plan.graph.scrubbing(plan.rules.scrub).map { TransactionStatement($0) }
  }

  /// Nobody adds a row that refers to them meanwhile.
  private func lock(_ keys: SubjectKeys) -> SQL {
    """
    SELECT count(*) FROM (SELECT FROM \(sql: plan.map.subject.source)
    WHERE t.\(id: plan.map.key.name) IN \(sql: keys.list) FOR UPDATE OF t) AS locked
    """
  }

  /// Nothing that was to go is there any more.
  func look(_ keys: SubjectKeys) -> Operation {
    let left = plan.changes.map { change -> ObserveWork.Query in
      let query: SQL = "SELECT count(*) = 0 FROM \(id: change.table) AS t WHERE \(sql: change.left(keys))"
      return ObserveWork.Query(change.title, query, expect: .isTrue, message: "\(change.title): rows are left")
    }
    return .observe(id: "look", title: "look for what is left of the subject", ObserveWork(left))
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
  fileprivate func left(_ keys: SubjectKeys) -> SQL {
    guard case .anonymize(let table) = kind else { return rows(keys) }
    return "\(sql: table.rows(of: keys, key: graph.map.key.name)) AND NOT \(sql: table.looksDone)"
  }
}
