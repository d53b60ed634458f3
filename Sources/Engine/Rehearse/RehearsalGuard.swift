import Glibc
import JSONText
import PlanModel
import PluginAPI
import PlanSchema
import SQLText
import Synchronization

/// Stands, in a rehearsal, between what steps compile to and what is run: the clone's database and a scratch copy of the
/// plan's folder may be changed, the host's own files, programs and consoles, and other servers, may not.
package final class RehearsalGuard: Sendable {
  /// A step, or a part of it, that a rehearsal leaves out.
  package struct Omission: Sendable, Hashable {
    package let step: String
    package let reason: String
    /// Nothing of the step is run.
    package let isWhole: Bool
  }

  /// The scratch copy, without links in its path.
  private let folder: String
  private let found = Mutex<[Omission]>([])

  package init(folder: String) {
    let real = realpath(folder, nil)
    defer { free(real) }
    self.folder = real.map { String(cString: $0) } ?? folder
  }

  /// What has been left out so far, in the order it was met.
  package var omissions: [Omission] { found.withLock { $0 } }

  private func omit(_ step: String, _ reason: String, isWhole: Bool) {
    let one = Omission(step: step, reason: reason, isWhole: isWhole)
    found.withLock { if !$0.contains(one) { $0.append(one) } }
  }

  // MARK: Programs

  /// What of a program may be run; an empty one where that is nothing.
  func admitted(_ program: Program, of step: PlanStep, hasAskedConsole: Bool) -> Program {
    if hasAskedConsole, !program.refusals.isEmpty { return omitted(step, "it asks a pooler's console") }
    var admitted = program
    admitted.operations = program.operations.flatMap { opened($0, of: step) }.map { withoutLogins($0, of: step) }
    if let reason = admitted.operations.lazy.compactMap(forbidden).first { return omitted(step, reason) }
    if admitted.operations.contains(where: \.writesBesides) {
      omit(step.id, "its files are written to a scratch copy of the plan's folder", isWhole: false)
    }
    return admitted
  }

  /// For a step that cannot even be compiled without looking elsewhere.
  func omitted(_ step: PlanStep, _ reason: String) -> Program {
    omit(step.id, reason, isWhole: true)
    return Program.alreadySo(.note("rehearsal.omitted", "not rehearsed: \(reason)"))
  }

  /// A bracket that pauses a pool around its body: the body alone.
  private func opened(_ operation: Operation, of step: PlanStep) -> [Operation] {
    guard case .bracket(let work) = operation.work,
      (work.open + work.close).flatMap(\.everyLeaf).contains(where: { $0.work.kind == "admin" })
    else { return [operation] }
    omit(step.id, "without the pause around: \(operation.title)", isWhole: false)
    return work.body
  }

  /// The roles of a clone have no passwords: a configuration is tried, its logins are not.
  private func withoutLogins(_ operation: Operation, of step: PlanStep) -> Operation {
    guard case .process(var work) = operation.work, work.isTrial, let arguments = work.argumentsWithoutLogins else { return operation }
    omit(step.id, "without the logins of: \(operation.title)", isWhole: false)
    work.arguments = arguments
    var changed = operation
    changed.work = .process(work)
    return changed
  }

  /// Why an operation may not be run; `nil`: it may.
  private func forbidden(_ operation: Operation) -> String? {
    var all = operation.everyLeaf
    for leaf in all { if case .operations(let undo) = leaf.undo { all += undo.flatMap(\.everyLeaf) } }
    return all.lazy.compactMap(reason).first
  }

  private func reason(_ operation: Operation) -> String? {
    switch operation.work {
    case .admin: return "it gives commands to a pooler's console"
    case .process(let work): return work.isTrial ? nil : "it starts programs on this host"
    case .file(let work): return stays(work.path) ? nil : "it writes \(work.path), outside of the plan's folder"
    case .export(let work): return stays(work.path) ? nil : "it writes \(work.path), outside of the plan's folder"
    default: return operation.statements.lazy.compactMap(reaches).first
    }
  }

  private func stays(_ path: String) -> Bool {
    if path.split(separator: "/").contains("..") { return false }
    return !path.hasPrefix("/") || path.hasPrefix(folder + "/")
  }

  /// Statements that leave the database they run in.
  private func reaches(_ statement: SQL) -> String? {
    guard let parsed = try? SQLParser.parse(statement.text) else { return nil }
    for one in parsed {
      switch one.node {
      case "CreateSubscriptionStmt", "AlterSubscriptionStmt", "ImportForeignSchemaStmt": return "it connects to another server"
      case "CopyStmt": return "it reads or writes files of the server"
      default: continue
      }
    }
    return nil
  }
}

extension Operation {
  fileprivate var writesBesides: Bool { everyLeaf.contains { ["file", "export"].contains($0.work.kind) } }
}

extension ProcessWork {
  /// A configuration tried in a PgBouncer of its own: it listens on loopback and is gone afterwards.
  fileprivate var isTrial: Bool {
    guard arguments.count == 3, arguments[0] == OwnProgram.name, arguments[1] == PoolerOrder.command else { return false }
    return !arguments[2].contains("\"reload\":")
  }

  /// `nil`: it has none.
  fileprivate var argumentsWithoutLogins: [String]? {
    guard let json = try? JSON(parsing: arguments[2]), case .object(var order) = json,
      order["logins"]?.array?.isEmpty == false
    else { return nil }
    order["logins"] = .array([])
    return Array(arguments.prefix(2)) + [JSON.object(order).text]
  }
}
