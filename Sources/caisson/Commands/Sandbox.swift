import CommandLineKit
import JSONText
import PostgresClient
import Sandbox

/// `caisson sandbox up|down|psql|status`
enum SandboxGroup {
  static let spec = CommandSpec(
    "sandbox", summary: "a private PostgreSQL on this machine, for trying things", section: Section.begin)

  static let name = ArgumentSpec("NAME", "which sandbox [default]", arity: .optional)
  static let fallback = "default"
}

/// What is told about a sandbox; the connection string leads through its socket and holds no secret.
struct SandboxReport {
  var name: String
  var isRunning: Bool
  var folder: String
  var target: String?

  init(_ cluster: PrivateCluster) async {
    name = cluster.name
    folder = cluster.folder
    isRunning = await cluster.isRunning()
    target = try? cluster.target().redacted
  }

  func print(on console: Console) {
    guard console.format == .text else {
      console.print(json)
      return
    }
    var table = TextTable([.left("sandbox"), .left("state"), .left("folder"), .left("connection")])
    let state = isRunning ? "running" : target == nil ? "not made" : "stopped"
    table.add([name, state, folder, target ?? ""], styles: [nil, isRunning ? .green : .dim])
    console.print(table)
  }

  private var json: JSON {
    [
      "name": .string(name), "running": .bool(isRunning), "folder": .string(folder),
      "target": target.map(JSON.string) ?? .null,
    ]
  }
}
