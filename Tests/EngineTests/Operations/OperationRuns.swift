import BuiltinPlugins
import ChildProcess
import Digest
import Engine
import Glibc
import PluginAPI
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

extension StepRegistry {
  /// The product's kinds and `test.program`.
  static let withPrograms = StepRegistry(StepRegistry.builtin.plugins + [TestPlugin.self])
}

extension EngineHarness {
  /// One step of these operations.
  init(_ operations: [Operation], database: TestDatabase = .current, environment: String = "") throws {
    try self.init(
      try TestProgram.step("go", operations), registry: .withPrograms, database: database, environment: environment)
  }

  /// Runs it to an end that has to be good.
  func succeed(_ report: RunReport, _ place: SourceLocation = #_sourceLocation) async throws {
    #expect(report.ending.isSuccess, "\(report.ending)", sourceLocation: place)
    #expect(try await flaws() == [], sourceLocation: place)
  }
}

extension RunReport.Ending {
  var isRolledBack: Bool { if case .rolledBack = self { true } else { false } }
  var refusals: [String] { if case .refused(let all) = self { all.map(\.finding.code) } else { [] } }
}

extension Operation {
  /// Lines of SQL in one transaction; `undo` the same.
  static func sql(_ id: String, _ statements: SQL..., undo: SQL? = nil) -> Operation {
    .transaction(
      id: id, title: id, statements.map { TransactionStatement($0) },
      undo: undo.map { .operations([.transaction(id: "undo", title: "undo \(id)", [TransactionStatement($0)], undo: .nothing)]) }
        ?? .nothing)
  }
}

/// A plan on disk, run by the engine as a process of its own that can be killed.
final class OwnProcess: Sendable {
  let folder: String
  let database = TestDatabase.current
  private let environment: [String: String]

  init(_ steps: String, pooler: TestPooler? = nil, environment: [String: String] = [:]) throws {
    folder = try TemporaryFolder.make(prefix: "caisson-own")
    let direct = TestDatabase.current.url
    let pooled = pooler?.target(database: TestDatabase.current.name).secret
    self.environment = environment.merging(["TARGET": pooled ?? direct, "DIRECT": direct]) { $1 }
    let session = pooler == nil ? "" : "session_target: ${env:DIRECT}\n"
    try write("caisson: 1\nplan: own\nsteps:\n\(steps)\n", "plan.yaml")
    try write("environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\n\(session)", "staging.yaml")
  }

  deinit { for name in ["plan.yaml", "staging.yaml", "log"] { unlink("\(folder)/\(name)") }; rmdir(folder) }

  private func write(_ text: String, _ name: String) throws {
    try ServerFiles.write(text, to: "\(folder)/\(name)", mode: 0o644, owner: nil)
  }

  /// Starts it and goes on; returns its pid.
  func start(_ verb: String) throws -> Int32 {
    try Command([CaissonProgram.path("caisson-test"), verb, "\(folder)/staging.yaml"], additions: environment)
      .startDetached(log: "\(folder)/log")
  }

  /// Runs it to its end: exit code and output.
  func run(_ verb: String) async throws -> (code: Termination, text: String) {
    let output = try await Command(
      [CaissonProgram.path("caisson-test"), verb, "\(folder)/staging.yaml"], additions: environment, timeout: .seconds(100)
    ).run()
    return (output.status, output.text + output.errorText)
  }

  func kill(_ pid: Int32) {
    Glibc.kill(pid, SIGKILL)
    var status: CInt = 0
    waitpid(pid, &status, 0)
  }

  var log: String { ServerFiles.read("\(folder)/log") ?? "" }
}

func mode(_ path: String) -> Int {
  var facts = stat()
  return stat(path, &facts) == 0 ? Int(facts.st_mode & 0o7777) : -1
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
