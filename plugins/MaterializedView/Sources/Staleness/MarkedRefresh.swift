import PlanSchema
import PluginAPI

/// One refresh of one marked view in one transaction: the marks it takes in, the view, its invariants, the record.
struct MarkedRefresh {
  let target: RefreshTarget
  let maxStall: TimeSpan

  /// A full refresh keeps readers waiting, so `max_stall` bounds it.
  private var limit: Int64 {
    let own = target.timeout.milliseconds
    return target.stallsReaders ? min(own, max(1, maxStall.milliseconds * 8 / 10)) : own
  }

  var operation: Operation {
    .transaction(
      id: "refresh", title: "refresh \(target.name) \(target.isConcurrent ? "concurrently" : "in full")",
      [TransactionStatement(RefreshBlock(target: target, limit: limit).strict)],
      unless: ChangeWatch.isIdle(target.name),
      locks: target.stallsReaders ? [RelationLock(.accessExclusive, target.name)] : [],
      resources: [Resource("matview:\(target.name)")], settings: [Setting("statement_timeout", String(limit))],
      undo: .nothing)
  }
}
