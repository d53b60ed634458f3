import Glibc
import Sandbox
import Synchronization
import TestSupport

/// A command cut off at one point, and what becomes of its process.
struct CutRound: Sendable, Hashable, CustomStringConvertible {
  enum Way: String, Sendable {
    /// The process gets SIGKILL at that moment; the command is run again.
    case killed
    /// Only that connection is lost: the command has to end right by itself.
    case alone
    /// The server crashes and starts again; the command has to end right by itself.
    case crashed
  }

  let verb: String
  let point: CutPoint
  let moment: CutMoment
  let way: Way

  var description: String { "\(verb) \(moment.rawValue) \(way.rawValue) at \(point)" }
}

extension CutFolder {
  /// Runs the round's command, cut off, to the end it should come to; what is wrong with that.
  func run(_ round: CutRound) async throws -> (reached: Bool, problems: [String]) {
    let proxy = try CuttingProxy(to: cluster.port)
    defer { proxy.stop() }
    let (exit, output) = try await start(round, through: proxy)
    guard let exit else { return (true, ["hangs\n\(output)"]) }
    guard exit != 0 else { return (proxy.fired != nil, []) }
    if proxy.fired == nil { return (false, ["exit \(exit) without a cut\n\(output)"]) }
    if round.way != .killed, try await hasBegun(round.verb) {
      return (true, ["exit \(exit) after it had begun\n\(output)"])
    }
    return (true, try await finish(round.verb))
  }

  /// Runs the round's command, cut off, and nothing more; true when the point has come.
  func cut(_ round: CutRound) async throws -> Bool {
    let proxy = try CuttingProxy(to: cluster.port)
    defer { proxy.stop() }
    _ = try await start(round, through: proxy)
    return proxy.fired != nil
  }

  private func start(_ round: CutRound, through proxy: CuttingProxy) async throws -> (exit: Int32?, output: String) {
    let pid = Mutex<Int32>(0)
    proxy.cut(round.point, round.moment) { [self] in
      while pid.withLock({ $0 }) == 0 { usleep(200) }
      switch round.way {
      case .killed: kill(pid.withLock { $0 }, SIGKILL)
      case .crashed: crash()
      case .alone: break
      }
    }
    let running = try start(round.verb, port: proxy.port)
    pid.withLock { $0 = running.pid }
    let exit = await running.wait(milliseconds: 60_000)
    if exit == nil {
      running.signal(SIGKILL)
      _ = await running.wait()
    }
    return (exit, running.output)
  }

  /// Before that, a lost connection ends the command, and it is run again.
  func hasBegun(_ verb: String) async throws -> Bool {
    guard try await query("SELECT to_regclass('caisson.run') IS NOT NULL") == [["t"]] else { return false }
    let wanted = verb == "apply" ? "true" : "state <> 'succeeded' OR desired = 'rollback'"
    return try await query("SELECT count(*) > 0 FROM caisson.run WHERE \(wanted)") == [["t"]]
  }

  /// From the proxy's thread: the answer waits until the server is up again.
  private func crash() {
    let crash = Crash()
    Task { [cluster] in
      try? await cluster.crash()
      try? await cluster.start()
      crash.isOver.store(true, ordering: .releasing)
    }
    while !crash.isOver.load(ordering: .acquiring) { usleep(2_000) }
  }
}

private final class Crash: Sendable {
  let isOver = Atomic<Bool>(false)
}
