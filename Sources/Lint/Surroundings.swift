import JSONText
import SQLText

/// What the earlier statements of the same text have done.
package struct Surroundings {
  /// A CHECK constraint added earlier.
  struct Check {
    var name: String?
    var notNull: Set<String>
    var isValid: Bool
  }

  /// The statement runs in a transaction block.
  package private(set) var inTransaction: Bool
  /// The block was opened by whoever runs the text, not by a BEGIN in it.
  private var alwaysInTransaction: Bool
  private(set) var created: Set<QualifiedName> = []
  private var checks: [QualifiedName: [Check]] = [:]
  private var sessionLockTimeout = false
  private var localLockTimeout = false
  /// Relations on which the transaction holds locks that stall others, in the order they were taken.
  private(set) var held: [QualifiedName] = []
  /// Codes that are said once per text.
  private(set) var said: Set<String> = []

  package init(inTransaction: Bool = false) {
    self.inTransaction = inTransaction
    alwaysInTransaction = inTransaction
  }

  var hasLockTimeout: Bool { sessionLockTimeout || localLockTimeout }

  /// Created by this text: nobody else uses it yet, so that no lock or scan of it hurts.
  func isNew(_ name: QualifiedName?) -> Bool { name.map(created.contains) ?? false }

  /// A validated CHECK proves that the column is not null.
  func provesNotNull(_ column: String, of table: QualifiedName) -> Bool {
    checks[table]?.contains { $0.isValid && $0.notNull.contains(column) } ?? false
  }

  func hasValidCheck(_ table: QualifiedName) -> Bool { checks[table]?.contains(where: \.isValid) ?? false }

  /// Whoever runs the text opens a transaction here.
  mutating func begin() {
    (inTransaction, alwaysInTransaction) = (true, true)
  }

  /// And commits it here.
  mutating func end() {
    (inTransaction, alwaysInTransaction, localLockTimeout, held) = (false, false, false, [])
  }

  mutating func say(_ code: String) { said.insert(code) }

  /// The statement has run.
  mutating func pass(_ subject: Subject) {
    switch subject.node {
    case "TransactionStmt": passControl(subject.tree)
    case "VariableSetStmt": passSetting(subject.tree)
    case "AlterTableStmt": passAlteration(subject)
    default: break
    }
    if inTransaction {
      held += subject.locks.filter { $0.mode.stallsOthers && !held.contains($0.relation) }.map(\.relation)
    }
    if !subject.tree.flag("if_not_exists") { created.formUnion(subject.effects.created) }
  }

  private mutating func passControl(_ tree: JSON) {
    switch tree.word("kind") {
    case "TRANS_STMT_BEGIN", "TRANS_STMT_START": inTransaction = true
    case "TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE":
      inTransaction = alwaysInTransaction
      localLockTimeout = false
      held = []
    default: break
    }
  }

  private mutating func passSetting(_ tree: JSON) {
    guard tree.word("name") == "lock_timeout" else { return }
    let value = tree["args"]?[0]?["A_Const"]
    let isOff = value?["ival"].map { $0["ival"] == nil } ?? (value?["sval"]?.word("sval") == "0")
    let isSet = tree.word("kind") == "VAR_SET_VALUE" && !isOff
    if tree.flag("is_local") { localLockTimeout = isSet } else { sessionLockTimeout = isSet }
  }

  private mutating func passAlteration(_ subject: Subject) {
    guard let table = subject.relation else { return }
    for command in subject.commands {
      for check in command.constraints where check.word("contype") == "CONSTR_CHECK" {
        checks[table, default: []].append(
          Check(name: check.word("conname"), notNull: Surroundings.notNullColumns(check["raw_expr"]),
                isValid: !check.flag("skip_validation")))
      }
      guard command.subtype == "AT_ValidateConstraint" else { continue }
      for place in (checks[table] ?? []).indices where checks[table]?[place].name == command.name {
        checks[table]?[place].isValid = true
      }
    }
  }

  /// Columns that `a IS NOT NULL AND …` proves.
  private static func notNullColumns(_ expression: JSON?) -> Set<String> {
    guard let (kind, body) = expression?.syntaxNode else { return [] }
    switch kind {
    case "NullTest" where body.word("nulltesttype") == "IS_NOT_NULL":
      return Set(body["arg"]?["ColumnRef"]?.names("fields").suffix(1) ?? [])
    case "BoolExpr" where body.word("boolop") == "AND_EXPR":
      return body.list("args").reduce(into: []) { $0.formUnion(notNullColumns($1)) }
    default: return []
    }
  }
}
