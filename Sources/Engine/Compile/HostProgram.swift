import ChildProcess

/// Programs that only look, run while a step compiles.
enum HostProgram {
  static func output(of arguments: [String], in folder: String) async throws -> String {
    let output = try await Command(arguments, directory: folder, timeout: .seconds(30)).run()
    guard output.succeeded else {
      throw EngineError(
        .failed, "\(arguments.first ?? "program") ended with \(output.status)",
        hint: output.errorText.split(separator: "\n").first.map(String.init))
    }
    return output.text
  }
}
