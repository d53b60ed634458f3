import ChildProcess
package import JSONText
import Sandbox

/// Headless Chromium on a file, cut off from every network. Without it the test fails: scripts/packages installs it.
package struct Browser {
  package var file: String
  package var width = 1200
  package var scheme = "light"
  package var script = true

  package init(_ file: String, width: Int = 1200, scheme: String = "light", script: Bool = true) {
    self.file = file
    self.width = width
    self.scheme = scheme
    self.script = script
  }

  /// What came of it.
  package struct Visit: Sendable {
    /// One for each thing done.
    package let results: [JSON]
    /// What the page wrote to the console, or did wrong.
    package let console: [String]
    /// What it asked for besides itself.
    package let requests: [String]
  }

  /// Does one thing after the other, as scripts/browser describes them.
  package func visit(_ actions: [JSON], source: String = #filePath) async throws -> Visit {
    let root = source.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    let job: JSON = [
      "file": .string(file), "width": .int(Int64(width)), "height": 800, "scheme": .string(scheme),
      "script": .bool(script), "do": .array(actions),
    ]
    let output = try await Command(
      ["/usr/bin/python3", "\(root)/scripts/browser"], input: Array(job.text.utf8), timeout: .seconds(240),
      outputLimit: 64 << 20
    ).run()
    guard output.succeeded else {
      throw SandboxError("the browser failed: \(output.errorText)", hint: "scripts/packages install")
    }
    let answer = try JSON(parsing: output.text)
    return Visit(
      results: answer["results"]?.array ?? [], console: answer["console"]?.array?.compactMap(\.string) ?? [],
      requests: answer["requests"]?.array?.compactMap(\.string) ?? [])
  }
}
