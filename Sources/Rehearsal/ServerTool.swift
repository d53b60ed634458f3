import ChildProcess
import Engine
import PostgresClient
import Sandbox

/// pg_dump and pg_restore, of the programs that fit the target's server.
struct ServerTool {
  let scratch: ScratchCluster

  /// `arguments`: the program's name first. Where it connects to is in its environment, which only we can read.
  /// `isClone`: our own variables, which may lead to the target, do not count.
  func run(_ arguments: [String], on place: ConnectionString, isClone: Bool = false, for purpose: String) async throws {
    let name = arguments[0]
    let variables = ["PGAPPNAME": "caisson:rehearsal", "PGCONNECT_TIMEOUT": "10"]
    let command = Command(
      [scratch.programs.path(name)] + arguments.dropFirst(),
      environment: isClone ? Environment.current.filter { !$0.key.hasPrefix("PG") } : nil,
      additions: scratch.marks.merging(variables) { $1 }.merging(place.variables) { $1 }, timeout: .seconds(1_800))
    let output = try await command.run()
    if output.succeeded { return }
    try Task.checkCancellation()
    throw EngineError(
      .refused, "\(purpose): \(name) ended with \(output.status)" + (Self.complaint(output.errorText).map { ": \($0)" } ?? ""),
      hint: "the target was only read; nothing of the clone is left")
  }

  /// What it was about, then the server's words; a line that quotes a statement may hold a password.
  private static func complaint(_ text: String) -> String? {
    let lines = text.split(separator: "\n").map(String.init)
    let told = lines.filter { !$0.contains("Command was:") && ($0.contains("error:") || $0.contains("ERROR:")) }
    return told.isEmpty ? nil : told.prefix(2).joined(separator: "; ")
  }
}
