import ChildProcess
import Glibc
import Journal
import JSONText
import PluginAPI

/// The parent's side of a guardian: what it was told, what it says.
///
/// Words to it: the order, then `opening`, then `release`. Words from it: `armed`, `closing`, then `closed` or
/// `failed`. The end of the line without `release` makes it close.
package struct GuardianLink: Sendable {
  package static let ownProgram = "/proc/self/exe"
  /// The hidden command of the program that is its main function.
  package static let command = "guardian"

  let pid: Int32
  private let line: Lifeline

  /// Starts it and waits until it has everything it needs.
  static func arm(_ order: GuardianOrder, program: String) async throws -> GuardianLink {
    let (ours, theirs) = try Lifeline.pair()
    // What libpq and programs need of our environment travels over the line: /proc shows what a process began with.
    let plain = Environment.current.filter { ["PATH", "HOME", "LD_LIBRARY_PATH"].contains($0.key) }
    let started = Result { () throws(SpawnError) in
      try Command([program, command], environment: plain).startDetached(input: theirs)
    }
    close(theirs)
    let pid = try started.get()
    Command.reapWhenDone(pid)
    let link = GuardianLink(pid: pid, line: ours)
    guard await ours.send(try order.line()), await ours.receive(within: .seconds(20)) == .line("armed") else {
      ours.hangUp()
      throw EngineError(
        .failed, "the guardian of `\(order.title)` did not start, so nothing was opened",
        hint: "`\(program)` has to be able to start itself; then resume")
    }
    return link
  }

  /// Who it is, for the runner that finds the bracket open.
  var identity: JSON {
    let me = ThisProcess.identity()
    return [
      "pid": .int(Int64(pid)), "start": .string(ThisProcess.start(of: Int(pid)) ?? ""), "host": .string(me.host),
      "boot": .string(me.bootID),
    ]
  }

  /// From now on it closes when we are gone. False: it is gone itself.
  func opening() async -> Bool {
    guard await line.send("opening") else { return false }
    return await line.receive(within: .seconds(20)) == .line("watching")
  }

  /// It has begun to close, because the deadline passed and we had not.
  func hasBegun() async -> Bool { await line.receive(within: .zero) == .line("closing") }

  /// Returns true once it is gone, false when nobody wants to know any more.
  func hasDied() async -> Bool {
    while ThisProcess.start(of: Int(pid)) != nil {
      do { try await Task.sleep(for: .milliseconds(500)) } catch { return false }
    }
    return true
  }

  /// It is done: nothing has to be closed any more.
  func release() async {
    await line.send("release")
    line.hangUp()
    while await line.receive(within: .seconds(20)) != .closed {
      if ThisProcess.start(of: Int(pid)) == nil { return }
    }
  }

  /// Leaves the closing to it and waits for its end; true when it has closed.
  func handOver() async -> Bool {
    line.hangUp()
    var closed = false
    while true {
      switch await line.receive(within: .seconds(180)) {
      case .line(let word): closed = closed || word == "closed"
      case .closed, .nothing: return closed
      }
    }
  }
}
