import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

/// Every command line that a document shows runs, on the sample's two databases.
@Suite(.contrib("btree_gist"))
struct HouseDocumentsTests {
  private static let documents = ["README.md"] + HouseTree.files(under: "docs", ending: ".md")
    + HouseTree.files(under: "plans", ending: ".md") + HouseTree.files(under: "plugins", ending: ".md")

  /// What stands in the blocks marked `sh`, comments and continuation lines resolved.
  private static func commands(_ document: String) -> [String] {
    HouseTree.text(document).matches(of: #/(?s)```sh\n(.*?)```/#).flatMap { block in
      String(block.1).replacing("\\\n", with: " ").split(separator: "\n").map {
        $0.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
      }
    }.filter { !$0.isEmpty }
  }

  /// A system's own documents by themselves, on a sandbox of their own; then all others.
  private static let groups = Desk.samples.map { "plans/\($0)/" } + [""]

  private static func documents(_ group: String) -> [String] {
    documents.filter { document in groups.first { document.hasPrefix($0) } == group }
  }

  @Test("commands of the documents do what the documents say", arguments: groups)
  func run(group: String) async throws {
    let documents = Self.documents(group), words = documents.flatMap(Self.commands).joined(separator: "\n")
    try await TemporaryFolder.with(servers: true) { folder in
      let desk = try await Desk(folder, samples: Desk.samples.filter { words.contains("plans/\($0)/") })
      do {
        for document in documents {
          for command in Self.commands(document) { try await check(command, of: document, on: desk) }
        }
      } catch {
        try await desk.shell("caisson sandbox down")
        throw error
      }
      #expect(try await desk.shell("caisson sandbox down").succeeded)
    }
  }

  private func check(_ command: String, of document: String, on desk: Desk) async throws {
    let word = command.prefix { $0 != " " }
    switch word {
    case "caisson", "psql", "export":
      let output = try await desk.shell(command)
      let said = "\(document): \(command)\n\(output.text.suffix(2000))\(output.errorText.suffix(2000))"
      // 5: there is nothing to roll back, or to retry, by the time it stands there.
      #expect(output.status == .exited(0) || output.status == .exited(5), "\(said)")
    case "git", "cd", "swift":
      break
    default:
      #expect(word.hasPrefix("scripts/") && HouseTree.isExecutable(String(word)), "\(document): \(command)")
      let syntax = try await Command(["sh", "-n", "\(HouseTree.root)/\(word)"]).run()
      #expect(syntax.succeeded, "\(syntax.errorText)")
    }
  }

  @Test("documents show commands, so that there is something to check")
  func some() {
    #expect(Self.documents.flatMap(Self.commands).filter { $0.hasPrefix("caisson ") }.count >= 20)
  }
}

/// A folder with the plans, a sandbox of its own with samples in two databases each, and `caisson` in the path.
private struct Desk {
  static let samples = ["zenfleet", "phase4", "boosterz", "drain-fortin"]

  let folder: String
  private var variables: [String: String]

  init(_ folder: String, samples: [String]) async throws {
    self.folder = folder
    let program = try CaissonProgram.path().split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    variables = [
      "PATH": program + ":" + (Environment.value("PATH") ?? ""), "CAISSON_SANDBOX_HOME": folder + "/sandbox",
      "ZENFLEET_TOKEN_KEY": "of the tokens", "ZENFLEET_ERASURE_KEY": "of the log of erasures",
    ]
    let commands = [
      "cp -R \(HouseTree.root)/plans .", "mkdir migrations plans/zenfleet/erasures",
      "echo 'CREATE INDEX CONCURRENTLY i ON t (a);' > migrations/001.sql", "caisson sandbox up",
    ] + samples.flatMap(Self.databases)
    for command in commands {
      let output = try await shell(command)
      guard output.succeeded else { throw SandboxError("\(command): \(output.errorText)") }
    }
    let port = try await shell(#"caisson sandbox status -o json | sed -n 's/.*"target".*:\([0-9]*\)\/.*/\1/p'"#).text
    variables["ZENFLEET_FLEET"] =
      "host=\(folder)/sandbox/default/socket user=postgres port=\(port.filter(\.isNumber))"
  }

  /// The databases of plans/zenfleet/production-fleet.yaml.
  private static let fleet = ["eu", "us", "uk", "ca", "au", "jp"].map { "zenfleet_" + $0 }

  /// Staging and production of a sample, a tenth of its size: the commands matter here.
  private static func databases(_ sample: String) -> [String] {
    let psql = "caisson sandbox psql", options = "-- -X -q -v ON_ERROR_STOP=1"
    let name = sample.replacing("-", with: "_")
    return [
      "\(psql) \(options) -c 'CREATE DATABASE \(name)_staging'",
      "\(psql) --database \(name)_staging \(options) -v scale=0.1 -v anchor=$(date +%F) -f plans/\(sample)/sample.sql",
      "\(psql) \(options) -c 'CREATE DATABASE \(name)_production TEMPLATE \(name)_staging'",
    ] + (sample == "zenfleet" ? fleet.map { "\(psql) \(options) -c 'CREATE DATABASE \($0) TEMPLATE zenfleet_staging'" } : [])
  }

  @discardableResult
  func shell(_ command: String) async throws -> CommandOutput {
    try await Command(
      ["sh", "-c", command], additions: variables, directory: folder, timeout: .seconds(240), outputLimit: 16 << 20
    ).run()
  }
}
