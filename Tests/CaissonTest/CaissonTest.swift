import BuiltinPlugins
import Engine
import Glibc
import PlanModel
import PluginAPI
import PostgresClient
import Synchronization
import TestSupport

/// The engine as a program of its own that also knows `test.program`, for tests that kill it:
/// `caisson-test apply|resume|rollback ENVIRONMENT`. Exit codes are those of `caisson`.
///
/// With `CAISSON_TEST_KILL=operation` it dies by SIGKILL as soon as an operation is done, or a step: whoever watches from
/// outside may come too late. `chunk:3`: as soon as three chunks of it are committed.
@main struct CaissonTest {
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    let words = CommandLine.arguments
    if words.count == 2, words[1] == GuardianLink.command { exit(await Guardian.run()) }
    if words.count == 3, words[1] == PoolerOrder.command { exit(await PoolerProgram.run(words[2])) }
    guard words.count == 3 else { exit(2) }
    let code: Int32
    do {
      code = try await run(words[1], environment: words[2])
    } catch {
      print("error: \(error)")
      code = error is InvalidInput ? 3 : (error as? EngineError)?.code == .held ? 6 : 1
    }
    fflush(nil)
    _exit(code)
  }

  private static func run(_ verb: String, environment: String) async throws -> Int32 {
    let registry = StepRegistry(StepRegistry.builtin.plugins + [TestPlugin.self])
    let resolved = try PlanLoader(registry).load(PlanRequest(path: environment))
    let address = TargetAddress(
      name: resolved.environment.targetName, connection: try connection(resolved.environment.target, of: resolved),
      session: try resolved.environment.sessionTarget.map { try connection($0, of: resolved) },
      role: resolved.environment.role)
    let target = Target(address)
    let deadline = Deadline(getenv("CAISSON_TEST_KILL").map { String(cString: $0) } ?? "")
    let runner = Runner(resolved, target: target, registry: registry) { event in
      print(event)
      if deadline.isReached(by: event) { kill(getpid(), SIGKILL) }
    }
    let report = switch verb {
    case "rollback": try await runner.rollback()
    case "resume": try await runner.resume()
    default: try await runner.apply()
    }
    await target.close()
    print(report.ending)
    return code(report.ending)
  }

  private static func connection(_ reference: ConnectionReference, of plan: ResolvedPlan) throws -> ConnectionString {
    guard case .libpq(let secret) = reference else { throw EngineError(.unusable, "no sandbox here") }
    return ConnectionString(try secret.resolve(folder: plan.secretsFolder).revealed)
  }

  private static func code(_ ending: RunReport.Ending) -> Int32 {
    switch ending {
    case .succeeded, .alreadyApplied, .rolledBack, .submitted: 0
    case .failed: 1
    case .interrupted, .asked: 4
    case .refused, .waiting: 5
    case .held: 6
    case .blocked: 9
    }
  }
}

/// When the process dies.
private final class Deadline: Sendable {
  private let isAtOperations: Bool
  private let chunks: Int?
  private let count = Mutex(0)

  init(_ words: String) {
    isAtOperations = words == "operation"
    chunks = words.hasPrefix("chunk:") ? Int(words.dropFirst(6)) : nil
  }

  func isReached(by event: EngineEvent) -> Bool {
    switch event {
    case .operationDone: isAtOperations
    // A small step is done as a whole, without a word about its operations.
    case .stepState(_, let state, _): isAtOperations && ["done", "undone"].contains(state)
    case .progress: chunks.map { limit in count.withLock { $0 += 1; return $0 >= limit } } ?? false
    default: false
    }
  }
}
