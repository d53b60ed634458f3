import ChildProcess
import PluginAPI

/// Programs that only look, run while a step compiles.
enum HostProgram {
  static func output(of arguments: [String], in folder: String) async throws -> String {
    let result = try await ChildProcess.run(arguments, folder: folder, timeout: .seconds(30))
    guard result.succeeded else {
      throw EngineError(
        .failed, "\(arguments.first ?? "program") ended with \(result.ending)",
        hint: result.errorText.split(separator: "\n").first.map(String.init))
    }
    return result.text
  }
}
