import ChildProcess
package import Catalog
import Digest
import FoundationEssentials
import PlanModel
package import PlanSchema
import PluginAPI
package import SQLText
import Synchronization

/// The facts of one compilation; remembers what was asked, so that an exact phase is told from a predicted one.
package final class StepFacts: Facts {
  package let capabilities: Capabilities
  private let transaction: FactsTransaction
  private let folder: String
  private let own: OwnProgram
  private let mayAskConsoles: Bool
  private let record = Mutex(Record())

  package struct Record: Sendable {
    /// Relations an answer depended on.
    package var consulted: Set<QualifiedName> = []
    /// True when the program depends on nothing but the step's parameters.
    package var questions = 0
    /// Or would have, were it not a rehearsal.
    package var hasAskedConsole = false
    /// Digest over questions and answers, in order.
    package var digest: [UInt8] = []
  }

  package init(
    _ transaction: FactsTransaction, capabilities: Capabilities, folder: String, own: OwnProgram = OwnProgram(),
    mayAskConsoles: Bool = true
  ) {
    self.mayAskConsoles = mayAskConsoles
    self.transaction = transaction
    self.capabilities = capabilities
    self.folder = folder
    self.own = own
  }

  package var recorded: Record { record.withLock { $0 } }

  package func rows(_ query: SQL) async throws -> [Row] { remember(query, try await transaction.rows(query)) }

  package func repeatedRows(_ query: SQL) async throws -> [Row] {
    remember(query, try await transaction.rows(query, keepingPlan: true))
  }

  private func remember(_ query: SQL, _ rows: [Row]) -> [Row] {
    remember(query.text, rows.map { $0.values.map { $0 ?? "\u{0}" }.joined(separator: "\u{1}") }.joined(separator: "\u{2}"))
    return rows
  }

  package func consulted(_ relation: QualifiedName) async {
    record.withLock { _ = $0.consulted.insert(relation) }
  }

  package func file(_ path: String) async throws -> String {
    let text = try PlanFolder(folder).text(of: path)
    remember(path, text)
    return text
  }

  package func records(in path: String, ending suffix: String) async throws -> [String: String] {
    let records = try RecordFolder(path, under: folder).texts(ending: suffix)
    remember(path, records.sorted { $0.key < $1.key }.map { "\($0.key)\u{0}\($0.value)" }.joined(separator: "\u{0}"))
    return records
  }

  package func program(_ arguments: [String]) async throws -> String {
    let text = try await HostProgram.output(of: arguments, in: folder, own: own)
    remember(arguments.joined(separator: " "), text)
    return text
  }

  package func admin(_ show: String, on console: Secret) async throws -> [Row] {
    guard mayAskConsoles else {
      record.withLock { $0.hasAskedConsole = true }
      throw ConsoleUntouched()
    }
    guard !LiteralPassword.stands(in: console) else {
      throw EngineError(
        .unusable, "the console's address has a password in plain text", hint: "write ${env:NAME} or ${file:path} in its place")
    }
    let work = AdminWork(console: console, command: show, timeout: .seconds(10))
    let rows = try await AdminConsole(secrets: own.secrets, work: work).look()
    remember("\(console): \(show)", rows.map { $0.values.map { $0 ?? "\u{0}" }.joined(separator: "\u{1}") }.joined(separator: "\u{2}"))
    return rows
  }

  private func remember(_ question: String, _ answer: String) {
    record.withLock { record in
      record.questions += 1
      record.digest = SHA256.digest(of: record.digest + Array(question.utf8) + [0] + Array(answer.utf8))
    }
  }
}

/// In a rehearsal no console is asked.
struct ConsoleUntouched: Error, CustomStringConvertible {
  var description: String { "a rehearsal asks no pooler's console" }
}
