import Glibc

/// posix_spawn with everything set explicitly: descriptors, process group, signals, directory, environment.
enum Spawn {
  /// What becomes descriptors 0, 1 and 2; `nil` inherits ours.
  struct Streams {
    var input: CInt?
    var output: CInt?
    var errors: CInt?
  }

  enum Grouping { case ours, group, session }

  static func start(_ command: Command, _ streams: Streams, _ grouping: Grouping) throws(SpawnError) -> pid_t {
    guard let program = command.arguments.first else {
      throw SpawnError(program: "(nothing)", code: EINVAL, reason: "the argument list is empty")
    }
    if command.arguments.contains(where: { $0.utf8.contains(0) }) {
      throw SpawnError(program: program, code: EINVAL, reason: "an argument contains a zero byte")
    }
    var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    describe(streams, command.directory, &actions)
    describe(grouping, &attributes)
    var pid: pid_t = 0
    let code = withPointers(command.arguments) { argv in
      withPointers(variables(command)) { envp in posix_spawnp(&pid, program, &actions, &attributes, argv, envp) }
    }
    guard code == 0 else {
      throw SpawnError(program: program, code: code, reason: String(cString: strerror(code)))
    }
    return pid
  }

  private static func describe(
    _ streams: Streams, _ directory: String?, _ actions: inout posix_spawn_file_actions_t
  ) {
    for (target, source) in [(CInt(0), streams.input), (1, streams.output), (2, streams.errors)] {
      if let source { posix_spawn_file_actions_adddup2(&actions, source, target) }
    }
    // Whatever a library opened without O_CLOEXEC stays with us.
    _ = linuxSpawnAddCloseFrom(&actions, 3)
    if let directory { _ = linuxSpawnAddChdir(&actions, directory) }
  }

  /// Our own ignored and blocked signals are not the child's business.
  private static func describe(_ grouping: Grouping, _ attributes: inout posix_spawnattr_t) {
    var all = sigset_t(), none = sigset_t()
    sigfillset(&all)
    sigdelset(&all, SIGKILL)
    sigdelset(&all, SIGSTOP)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    var flags = CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
    switch grouping {
    case .ours: break
    case .group:
      posix_spawnattr_setpgroup(&attributes, 0)
      flags |= CInt(POSIX_SPAWN_SETPGROUP)
    case .session: flags |= 0x80  // POSIX_SPAWN_SETSID, a macro that is not imported everywhere
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  private static func variables(_ command: Command) -> [String] {
    let base = command.environment ?? Environment.current
    return base.merging(command.additions) { $1 }.map { "\($0)=\($1)" }
  }

  private static func withPointers<Value>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let list = copies + [nil]
    return list.withUnsafeBufferPointer { buffer in
      // The list ends in nil, so it is never empty and always has an address.
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<CChar>?.self, capacity: buffer.count) { room in
        _ = room.initialize(from: buffer)
        return room.baseAddress.map { body(UnsafePointer($0)) } ?? body([nil])
      }
    }
  }
}

package enum Environment {
  /// Our variables.
  package static var current: [String: String] {
    var found: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { found[String(pair[0])] = String(pair[1]) }
      next += 1
    }
    return found
  }

  package static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
