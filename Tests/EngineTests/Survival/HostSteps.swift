import PlanSchema
import PluginAPI

/// `host.note`: a file and a program on the runner's own host, to see how often each was done.
enum HostNote: StepKind {
  static let name = "host.note"
  static let summary = "Writes a file, and adds a line to another one by a program."

  struct Parameters: ParameterSet {
    @Parameter("Folder of both.") var folder: String
    @Parameter("Name of both.") var mark: String
    @Parameter("Bytes of the file.") var size: Int = 4
    init() {}
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let path = "\(step.parameters.folder)/\(step.parameters.mark)"
    let file = FileWork(
      path: path + ".file", mode: 0o600, content: [.text(String(repeating: "x", count: step.parameters.size))])
    let line = ProcessWork(
      ["sh", "-c", "echo done >> \"$0\"", path + ".log"], timeout: .seconds(20), probe: ["test", "-s", path + ".log"])
    return Program(findings: [], operations: [
      Operation(id: "file", title: "write \(path).file", work: .file(file), undo: .nothing),
      Operation(id: "line", title: "note in \(path).log", work: .process(line), undo: .nothing),
    ])
  }
}

enum HostPlugin: Plugin {
  static let name = "Host"
  static let summary = "Steps on the runner's own host."
  static var kinds: [any StepKind.Type] { [HostNote.self] }
}
