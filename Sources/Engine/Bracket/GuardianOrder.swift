import FoundationEssentials
import Journal
import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// What a guardian is told over its line, secrets included: they stand neither in its arguments nor its environment.
struct GuardianOrder: Codable, Sendable {
  var title: String
  var close: [PluginAPI.Operation]
  /// From the word that opening begins.
  var deadlineMilliseconds: Int64
  var lockTimeoutMilliseconds: Int64
  /// Whose bracket it is.
  var run: String
  var step: String
  var task: Int
  var fence: Int64
  var runner: String
  var direction: Direction
  var target: String
  var connection: String
  var role: String?
  var folder: String
  /// By reference: what closing needs.
  var secrets: [String: String]
  var environment: [String: String]

  var holding: Holding {
    Holding(run: run, step: step, fence: fence, attempt: 0, phase: 0, direction: direction, runner: runner)
  }

  var edges: EdgeRunner {
    EdgeRunner(
      target: Target(
        TargetAddress(
          name: target, connection: ConnectionString(connection), role: role, secrets: SecretSource(known: secrets))),
      folder: folder, lockTimeout: .milliseconds(lockTimeoutMilliseconds), proof: JournalSQL.bracketProof(holding, task: task))
  }

  /// One line.
  func line() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

  init(line: String) throws { self = try JSONDecoder().decode(GuardianOrder.self, from: Data(line.utf8)) }
}

extension GuardianOrder {
  /// The parts in the order in which they are declared.
  init(
    _ operation: PluginAPI.Operation, _ work: BracketWork, shop: Workshop, task: TaskRecord, holding: Holding,
    lockTimeout: Duration, environment: [String: String]
  ) throws {
    title = operation.title
    close = work.close
    deadlineMilliseconds = work.deadline.milliseconds
    lockTimeoutMilliseconds = Int64(lockTimeout.milliseconds)
    (run, step, self.task, fence) = (holding.run, holding.step, task.task, holding.fence)
    (runner, direction) = (holding.runner, holding.direction)
    let address = shop.target.address
    target = address.name
    connection = (address.session ?? address.connection).secret
    role = address.role
    folder = shop.folder
    secrets = try shop.secrets.resolving(work.close).known
    self.environment = environment
  }
}
