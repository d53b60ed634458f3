import ChildProcess
import Glibc
import PlanSchema
import PluginAPI
import Sandbox
import TestSupport
import Testing

@Suite(.database, .ownTime(.minutes(5))) struct ProcessTests {
  @Test("a program that outlives its killed caisson is ended, with what it started, before it is run again")
  func orphan() async throws {
    let folder = try TemporaryFolder.make(prefix: "caisson-process")
    defer { for name in ["pids", "quick"] { unlink("\(folder)/\(name)") }; rmdir(folder) }
    let script = "sleep 600 & echo $$ $! >> \(folder)/pids; test -e \(folder)/quick && kill $! || wait"
    let work = Operation(
      id: "p", title: "long", work: .process(ProcessWork(["sh", "-c", script], timeout: .hours(1), idempotent: true)), undo: .nothing)
    let own = try OwnProcess(try TestProgram.step("go", [work]))
    let pid = try own.start("apply")
    func pids() -> [String] { (ServerFiles.read("\(folder)/pids") ?? "").split(whereSeparator: \.isWhitespace).map(String.init) }
    await until("started: \(own.log)") { pids().count == 2 }
    let first = pids()
    own.kill(pid)
    #expect(first.allSatisfy { exists("/proc/\($0)") })
    try ServerFiles.write("", to: "\(folder)/quick", mode: 0o644, owner: nil)
    let ended = try await own.run("resume")
    #expect(ended.code == .exited(0), "\(ended.text)")
    #expect(ended.text.contains("`long` was still running: ended"), "\(ended.text)")
    #expect(pids().count == 4)
    #expect(first.allSatisfy { !exists("/proc/\($0)") || isZombie($0) })
  }

  /// Nobody here waits for it: whoever took it over may not have yet.
  private func isZombie(_ pid: String) -> Bool {
    (ServerFiles.read("/proc/\(pid)/stat") ?? "").contains(") Z ")
  }
}
