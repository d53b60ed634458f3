import ChildProcess

/// Programs that only look, run while a step compiles.
enum HostProgram {
  static func output(of arguments: [String], in folder: String, own: OwnProgram) async throws -> String {
    let output = try await Command(
      own.resolved(arguments), additions: own.additions(arguments), directory: folder, timeout: .seconds(30)
    ).run()
    let name = arguments.first ?? "program"
    if output.timedOut {
      throw EngineError(.failed, "\(name) did not end within 30 s", hint: "a step only looks while it is compiled: quickly")
    }
    if output.truncated {
      throw EngineError(
        .failed, "\(name) wrote more than 1 MiB", hint: "nothing is decided by half an answer: make it say less")
    }
    guard output.succeeded else {
      throw EngineError(
        .failed, "\(name) ended with \(output.status)",
        hint: output.errorText.split(separator: "\n").first.map(String.init))
    }
    return output.text
  }
}

/// This very program, for argument lists that begin with its name: with hidden commands of it a step looks at, or does,
/// what no other program can.
package struct OwnProgram: Sendable {
  package static let name = "caisson"
  /// Says where `${file:…}` is looked for.
  package static let folder = "CAISSON_SECRETS"

  var path: String
  var secrets: SecretSource

  package init(path: String = GuardianLink.ownProgram, secrets: SecretSource = SecretSource()) {
    self.path = path
    self.secrets = secrets
  }

  func resolved(_ arguments: [String]) -> [String] {
    isOwn(arguments) ? [path] + arguments.dropFirst() : arguments
  }

  /// To its environment.
  func additions(_ arguments: [String]) -> [String: String] { isOwn(arguments) ? [Self.folder: secrets.folder] : [:] }

  private func isOwn(_ arguments: [String]) -> Bool { arguments.first == Self.name }
}
