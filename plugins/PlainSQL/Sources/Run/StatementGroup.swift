import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// Statements that become one operation.
struct StatementGroup: Sendable {
  var statements: [Script.Statement]
  /// False: one statement, outside any transaction.
  var isTransaction: Bool

  static func groups(_ statements: [Script.Statement], _ mode: SQLRun.Transaction) -> [StatementGroup] {
    var groups: [StatementGroup] = []
    for statement in statements {
      let alone = mode == .never || mode == .auto && statement.refusesTransaction
      if !alone, let last = groups.indices.last, groups[last].isTransaction {
        groups[last].statements.append(statement)
      } else {
        groups.append(StatementGroup(statements: [statement], isTransaction: !alone))
      }
    }
    return groups
  }

  var leavesNothing: Bool { statements.allSatisfy(\.leavesNothing) }

  var title: String {
    let first = statements.first.map { Title.of($0.text) } ?? ""
    return statements.count < 2 ? first : "\(first) and \(statements.count - 1) more"
  }

  /// For a statement that does no harm when it runs again: after a crash it simply does.
  var ownProbe: SQL? {
    guard !isTransaction, let node = statements.first?.parsed?.node,
      ["VacuumStmt", "AlterSystemStmt", "ClusterStmt", "SelectStmt"].contains(node),
      leavesNothing || node != "SelectStmt"
    else { return nil }
    return "SELECT 'absent', 'it may run again'"
  }

  /// Of a statement that takes something back: what it drops is gone when it is done.
  var undoProbe: SQL? {
    guard !isTransaction, let dropped = statements.first?.parsed, dropped.node == "DropStmt",
      let name = dropped.effects.dropped.first, dropped.effects.dropped.count == 1
    else { return ownProbe }
    return "SELECT CASE WHEN to_regclass(\(literal: name.quoted)) IS NULL THEN 'complete' ELSE 'absent' END, NULL::text"
  }

  func operation(id: String, probe: SQL?, expectRows: Int?, undo: Undo) -> Operation {
    let locks = Script.locks(of: statements)
    guard isTransaction, let last = statements.indices.last else { return alone(id, probe, locks, undo) }
    let list = statements.indices.map { place in
      let rows = place == last ? expectRows : nil
      return TransactionStatement(
        SQL(verbatim: statements[place].text), expect: rows.map(Expectation.rows) ?? .any,
        message: rows.map { "`\(Title.of(statements[place].text))` was expected to concern \($0) rows" })
    }
    return .transaction(id: id, title: title, list, locks: locks, undo: undo)
  }

  private func alone(_ id: String, _ probe: SQL?, _ locks: [RelationLock], _ undo: Undo) -> Operation {
    let statement = statements.first?.text ?? ""
    // What makes others wait may not queue for long itself.
    let patience: TimeSpan? = locks.contains { $0.mode.stallsOthers } ? .milliseconds(500) : nil
    return .autocommit(
      id: id, title: title, AutocommitWork(SQL(verbatim: statement), probe: probe, lockTimeout: patience),
      locks: locks, undo: undo)
  }
}
