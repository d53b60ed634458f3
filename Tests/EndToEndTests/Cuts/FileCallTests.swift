import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

/// The process killed at its calls that rename, link or flush a file, before the call and after it. A small
/// library loaded into it counts them; nothing in the product knows about it.
@Suite(.serialized, .database, .enabled(if: FileCalls.hasCompiler, "needs a C compiler: cc"))
struct FileCallTests {
  @Test("killed at a rename, link or flush of a file, in both directions: the end is that of an undisturbed run",
        arguments: ["before", "after"])
  func everyCall(side: String) async throws {
    let all = try await CutEnumeration.shared.value
    try await TemporaryFolder.with { place in
      let library = try await FileCalls.library(in: place)
      var kills = 0
      for call in Self.calls(side) {
        let (killed, problems) = try await TestDatabase.with(template: EveryKind.database) { database in
          let folder = try CutFolder(database.cluster, database: database.name, plan: all.plan)
          let result = try await Self.round(call, side, library, folder, all)
          await folder.remove()
          return result
        }
        #expect(problems == [], "call \(call), killed \(side)")
        kills += killed
        if killed == 0 { break }
      }
      print("file calls: killed \(side) \(kills) calls")
      #expect(kills >= 8)
    }
  }

  /// With `CAISSON_CUTS=all` every one; otherwise before every odd call and after every even one.
  private static func calls(_ side: String) -> StrideThrough<Int> {
    let isAll = getenv("CAISSON_CUTS").map { String(cString: $0) } == "all"
    return stride(from: isAll || side == "before" ? 1 : 2, through: 60, by: isAll ? 1 : 2)
  }

  /// Forward killed at that call, then to the end; the same in the rollback. How many of the two were killed.
  private static func round(
    _ call: Int, _ side: String, _ library: String, _ folder: CutFolder, _ all: CutEnumeration
  ) async throws -> (killed: Int, problems: [String]) {
    var killed = 0, problems: [String] = []
    for (verb, wanted, run) in [("apply", all.after, "succeeded"), ("rollback", all.undone, "rolled_back")] {
      let environment = ["LD_PRELOAD": library, "CUT_CALL": String(call), "CUT_SIDE": side]
      let running = try folder.start(verb, port: folder.cluster.port, environment: environment)
      let exit = await running.wait(milliseconds: 60_000)
      if exit == -SIGKILL {
        killed += 1
        problems += try await folder.finish(verb)
      } else if exit != 0 {
        problems.append("\(verb): exit \(exit ?? 0)\n\(running.output)")
      }
      problems += try await folder.flaws(run: run)
      let state = try await folder.state()
      if state != wanted {
        problems.append("\(verb): lost \(wanted.filter { !state.contains($0) }), more \(state.filter { !wanted.contains($0) })")
      }
    }
    return (killed, problems)
  }
}

private enum FileCalls {
  static let hasCompiler = ["/usr/bin/cc", "/usr/local/bin/cc"].contains { (path: String) in access(path, X_OK) == 0 }

  static func library(in folder: String) async throws -> String {
    try ServerFiles.write(source, to: "\(folder)/calls.c", owner: nil)
    let output = try await Command(
      ["cc", "-shared", "-fPIC", "-o", "\(folder)/calls.so", "\(folder)/calls.c", "-ldl"]).run()
    guard output.succeeded else { throw SandboxError("cc: \(output.errorText)") }
    return "\(folder)/calls.so"
  }

  /// Programs that the process starts do not inherit it.
  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <signal.h>
    #include <stdatomic.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    static atomic_int calls;
    static int wanted, after;
    __attribute__((constructor)) static void begin(void) {
      const char *call = getenv("CUT_CALL"), *side = getenv("CUT_SIDE");
      wanted = call ? atoi(call) : 0;
      after = side && strcmp(side, "after") == 0;
      unsetenv("LD_PRELOAD");
    }
    static int hit(void) { return atomic_fetch_add(&calls, 1) + 1 == wanted; }
    static void die(void) { raise(SIGKILL); for (;;) pause(); }
    #define COUNTED(name, parameters, arguments) \\
      int name parameters { \\
        int (*real) parameters = (int (*) parameters)dlsym(RTLD_NEXT, #name); \\
        int now = hit(); \\
        if (now && !after) die(); \\
        int result = real arguments; \\
        if (now && after) die(); \\
        return result; \\
      }
    COUNTED(rename, (const char *a, const char *b), (a, b))
    COUNTED(link, (const char *a, const char *b), (a, b))
    COUNTED(symlink, (const char *a, const char *b), (a, b))
    COUNTED(unlink, (const char *a), (a))
    COUNTED(fsync, (int a), (a))
    """
}
