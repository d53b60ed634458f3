package import ChildProcess
import Glibc
import Sandbox

/// The built command-line tool.
package enum CaissonProgram {
  /// Beside the running test bundle, else in the package's build folder. `caisson-test` also knows `test.program`.
  package static func path(_ name: String = "caisson", file: String = #filePath) throws -> String {
    let root = file.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    var candidates = ["\(root)/.build/debug/\(name)"]
    if let own = realpath("/proc/self/exe", nil) {
      defer { free(own) }
      let folder = String(cString: own).split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
      candidates.insert(folder + "/\(name)", at: 0)
    }
    guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
      throw SandboxError("\(name) is not built", hint: "swift build --build-tests builds it")
    }
    return path
  }

  /// Runs it to its end.
  package static func run(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil,
    input: [UInt8] = [], timeout: Duration = .seconds(120)
  ) async throws -> CommandOutput {
    try await Command(
      [path()] + arguments, additions: environment, directory: directory, input: input, timeout: timeout,
      outputLimit: 16 << 20
    ).run()
  }
}

/// Runs the built `caisson`: exit code (negative: the signal that ended it), standard output, standard error.
package func runCaisson(
  _ arguments: [String], env: [String: String] = [:], directory: String? = nil, input: [UInt8] = [],
  timeout: Duration = .seconds(120)
) async throws -> (exit: Int32, stdout: String, stderr: String) {
  let output = try await CaissonProgram.run(
    arguments, environment: env, directory: directory, input: input, timeout: timeout)
  let exit: Int32 = switch output.status {
  case .exited(let code): code
  case .signaled(let number): -number
  }
  return (exit, output.text, output.errorText)
}
