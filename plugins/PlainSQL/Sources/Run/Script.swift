import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// The author's texts as statements, with what the grammar says about each.
struct Script: Sendable {
  struct Statement: Sendable {
    /// `nil`: the grammar is older than the server and does not know it.
    var parsed: ParsedStatement?
    var text: String
    var range: SourceRange
    /// Which of the author's texts it stands in.
    var entry: Int

    var refusesTransaction: Bool { parsed?.refusesTransaction ?? false }
    /// There is nothing to take back: it reads, or it maintains what can be derived again.
    var leavesNothing: Bool { parsed.map(Script.leavesNothing) ?? false }
    var locks: [RelationLock] { parsed?.locks ?? [] }
  }

  var statements: [Statement] = []
  var findings: [Finding] = []

  /// `grammar`: what reads the texts may be older than the server, whose word counts.
  init(_ texts: StatementTexts?, server: Capabilities) {
    for (entry, text) in (texts?.texts ?? []).enumerated() { read(text, entry, server) }
    for statement in statements { findings += Script.refusals(of: statement) }
  }

  private mutating func read(_ text: Located<SQLStatement>, _ entry: Int, _ server: Capabilities) {
    do {
      statements += try SQLParser.parse(text.value.text).map {
        Statement(parsed: $0, text: $0.text, range: text.range, entry: entry)
      }
    } catch {
      let what = "line \(error.line), column \(error.column) of the SQL: \(error.message)"
      if server.major > Script.grammar {
        statements.append(Statement(parsed: nil, text: text.value.text, range: text.range, entry: entry))
        findings.append(
          .warning(
            "sql.not_linted",
            "the grammar of PostgreSQL \(Script.grammar) cannot read this (\(what)): it goes to the server unchecked",
            choices: ["give each statement its own list item: unread text is taken as one statement"], at: text.range))
      } else {
        let isClient = text.value.text.split(separator: "\n").contains { $0.hasPrefix("\\") }
        findings.append(
          .refusal(
            "sql.syntax", what,
            choices: isClient ? ["psql's own commands (\\…) are no SQL: leave them out"] : ["correct the statement"],
            at: text.range))
      }
    }
  }

  /// The major version of the grammar that `SQLParser` has.
  static let grammar = 15

  private static func refusals(of statement: Statement) -> [Finding] {
    guard let parsed = statement.parsed else { return [] }
    if parsed.isTransactionControl {
      return [
        .refusal(
          "sql.transaction_control",
          "`\(parsed.text)`: transactions are the engine's, which commits its journal with them",
          choices: ["leave it out: consecutive statements run in one transaction"], at: statement.range)
      ]
    }
    if parsed.node == "CopyStmt", parsed.tree["query"] == nil, parsed.tree["filename"] == nil {
      return [
        .refusal(
          "sql.copy",
          "COPY \(parsed.tree["is_from"]?.bool == true ? "FROM STDIN" : "TO STDOUT") needs a client that streams",
          choices: ["write the rows as INSERT … VALUES"], at: statement.range)
      ]
    }
    return []
  }

  /// True when rollback has nothing to do after it.
  static func leavesNothing(_ statement: ParsedStatement) -> Bool {
    let maintenance = ["VacuumStmt", "ReindexStmt", "CheckPointStmt", "RefreshMatViewStmt", "LockStmt"]
    return maintenance.contains(statement.node) || statement.isReadOnly && !statement.effects.opaque
  }

  /// The strongest lock per relation over the statements.
  static func locks(of statements: some Sequence<Statement>) -> [RelationLock] {
    RelationLock.strongest(statements.flatMap(\.locks))
  }
}

extension RelationLock {
  /// One lock per relation, in order of first use.
  static func strongest(_ locks: [RelationLock]) -> [RelationLock] {
    locks.reduce(into: []) { kept, lock in
      if let place = kept.firstIndex(where: { $0.relation == lock.relation }) {
        kept[place].mode = max(kept[place].mode, lock.mode)
      } else {
        kept.append(lock)
      }
    }
  }
}
