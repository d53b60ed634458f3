import ChildProcess
import Glibc
import Synchronization
import Testing

@Suite struct CommandTests {
  @Test("arguments reach the program as they are, no shell in between")
  func arguments() async throws {
    let words = ["a b", "$HOME", "*", "", "ü\n'\"", "; exit 3"]
    let output = try await Command(["printf", "[%s]"] + words).run()
    #expect(output.text == words.map { "[\($0)]" }.joined())
    #expect(output.succeeded)
  }

  @Test(
    "the exit tells code or signal",
    arguments: [("exit 0", Termination.exited(0)), ("exit 3", .exited(3)), ("kill -TERM $$", .signaled(SIGTERM))])
  func exit(script: String, status: Termination) async throws {
    let output = try await Command(["sh", "-c", script]).run()
    #expect(output.status == status)
    #expect(output.succeeded == (status == .exited(0)))
  }

  @Test("a program that is not there is an error with a hint")
  func missing() async {
    let error = await #expect(throws: SpawnError.self) { try await Command(["/nonexistent/program"]).run() }
    #expect(error?.code == ENOENT)
    #expect(error?.hint != nil)
  }

  @Test("an empty list and a zero byte are refused", arguments: [[], ["printf", "a\0b"]])
  func refused(arguments: [String]) async {
    await #expect(throws: SpawnError.self) { try await Command(arguments).run() }
  }

  @Test("input, environment and directory arrive")
  func surroundings() async throws {
    let output = try await Command(
      ["sh", "-c", "cat; echo $ONE $TWO; pwd"], environment: ["PATH": "/usr/bin:/bin", "ONE": "1"],
      additions: ["TWO": "2"], directory: "/usr", input: Array("in\n".utf8)
    ).run()
    #expect(output.text == "in\n1 2\n/usr\n")
  }

  @Test("a megabyte each way does not block, and without input there is none")
  func volume() async throws {
    let bytes = [UInt8](repeating: 65, count: 1 << 20)
    let output = try await Command(["sh", "-c", "tee /dev/stderr"], input: bytes, outputLimit: 2 << 20).run()
    #expect(output.stdout == bytes)
    #expect(output.stderr == bytes)
    #expect(!output.truncated)
    #expect(try await Command(["cat"]).run().text == "")
  }

  @Test("output over the limit is read, dropped and reported")
  func limit() async throws {
    let output = try await Command(["sh", "-c", "head -c 300000 /dev/zero; echo done >&2"], outputLimit: 1000).run()
    #expect(output.stdout.count == 1000)
    #expect(output.truncated)
    #expect(output.errorText == "done\n")
  }

  @Test("lines are handed out as they come, the last one without its newline too")
  func lines() async throws {
    let lines = Mutex<[String]>([])
    _ = try await Command(["printf", "one\\n\\ntwo"]) { stream, line in
      if stream == .stdout { lines.withLock { $0.append(line) } }
    }.run()
    #expect(lines.withLock { $0 } == ["one", "", "two"])
  }

  @Test("a timeout ends the program's children too", arguments: [true, false])
  func timeout(session: Bool) async throws {
    let output = try await Command(
      ["sh", "-c", "sleep 1000 & echo $!; wait"], timeout: .seconds(2), newSession: session
    ).run()
    #expect(output.timedOut)
    #expect(!output.succeeded)
    let child = try #require(Int32(output.text.filter(\.isNumber)))
    #expect(await isGone(child))
  }

  @Test("a program that ignores SIGTERM is killed")
  func stubborn() async throws {
    let output = try await Command(
      ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], timeout: .seconds(2), grace: .milliseconds(200)
    ).run()
    #expect(output.status == .signaled(SIGKILL))
  }

  @Test("a cancelled task ends its program")
  func canceled() async throws {
    let started = AsyncStream<Void>.makeStream()
    let task = Task {
      try await Command(["sh", "-c", "echo up; exec sleep 1000"]) { _, _ in started.continuation.yield() }.run()
    }
    for await _ in started.stream { break }
    task.cancel()
    let output = try await task.value
    #expect(output.status == .signaled(SIGTERM))
    #expect(!output.timedOut)
  }

  @Test("a descendant that keeps the pipes open is not waited for")
  func daemon() async throws {
    let output = try await Command(["sh", "-c", "sleep 30 & echo $!"], timeout: .seconds(20)).run()
    #expect(output.status == .exited(0))
    if let pid = Int32(output.text.filter(\.isNumber)) { kill(pid, SIGKILL) }
  }

  @Test("no descriptor of ours is inherited")
  func descriptors() async throws {
    let leaky = open("/dev/null", O_RDONLY)
    defer { close(leaky) }
    let output = try await Command(["sh", "-c", "exec ls /proc/self/fd"]).run()
    let count = output.text.split(separator: "\n").count
    #expect(count == 4, "0, 1, 2 and the one ls reads the folder with: \(output.text)")
  }

  @Test("many runs leave no descriptor behind")
  func noLeak() async throws {
    func openDescriptors() async throws -> Int {
      try await Command(["sh", "-c", "ls /proc/$PPID/fd | wc -l"]).run().text.filter(\.isNumber).count
    }
    _ = try await openDescriptors()
    for _ in 0..<50 { _ = try await Command(["true"], input: [1]).run() }
    let own = try await Command(["sh", "-c", "ls -l /proc/$PPID/fd | grep -c memfd:input || true"]).run()
    #expect(own.text == "0\n" || own.text == "1\n")
  }

  @Test("a new session is out of our process group")
  func session() async throws {
    let output = try await Command(["sh", "-c", "cut -d' ' -f1,5,6 /proc/self/stat; echo $$"], newSession: true).run()
    let numbers = output.text.split { !$0.isNumber }
    #expect(numbers.count == 4)
    #expect(numbers[1] == numbers[3] && numbers[2] == numbers[3], "group and session are the shell's pid")
  }

  @Test("root runs a program as another user", .enabled(if: geteuid() == 0))
  func otherUser() async throws {
    let output = try await Command(["id", "-un"]).asUser("nobody").run()
    #expect(output.text == "nobody\n")
  }

  @Test("a detached program outlives its start and sees the end of its input")
  func detached() async throws {
    var ends: [CInt] = [0, 0]
    #expect(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let log = "/tmp/caisson-detached-\(getpid())"
    defer { unlink(log) }
    let pid = try Command(["sh", "-c", "cat >/dev/null; echo over"]).startDetached(input: ends[0], log: log)
    close(ends[0])
    #expect(kill(pid, 0) == 0)
    close(ends[1])
    var status: CInt = 0
    waitpid(pid, &status, 0)
    #expect(try await Command(["cat", log]).run().text == "over\n")
  }

  private func isGone(_ pid: Int32) async -> Bool {
    for _ in 0..<6_000 {
      if kill(pid, 0) != 0 { return true }
      let state = try? await Command(["sh", "-c", "cut -d' ' -f3 /proc/\(pid)/stat"]).run().text
      if state == "Z\n" { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}
