import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

@Suite struct ManualTests {
  @Test("the manual page has every command, and is the page that help and completion are made of")
  func commands() async throws {
    let page = try await runCaisson(["man"]), completion = try await runCaisson(["completion", "bash"])
    #expect(page.exit == 0)
    let commands = page.stdout.matches(of: #/(?m)^\.SS "([a-z\\ -]+?)(?: [A-Z\[].*)?"$/#).map { String($0.1).replacing("\\", with: "") }
    #expect(commands.count >= 30 && commands.contains("report") && commands.contains("graph") && commands.contains("journal install"))
    for command in commands {
      let words = command.split(separator: " "), help = try await runCaisson(words.map(String.init) + ["--help"])
      #expect(help.exit == 0, "\(command)")
      #expect(completion.stdout.contains("\"/\(words.joined(separator: "/"))\")"), "\(command)")
    }
    #expect(completion.stdout.contains("--format\") candidates=\"text mermaid dot svg\""))
  }

  @Test("no formatter has a word to say against it", arguments: [
    ["groff", "-man", "-ww", "-z", "-Tutf8"], ["mandoc", "-T", "lint", "-W", "warning"],
    ["man", "--warnings=all", "-E", "UTF-8", "-l"],
  ])
  func formats(formatter: [String]) async throws {
    guard ["/usr/bin/", "/bin/", "/usr/local/bin/"].contains(where: { access($0 + formatter[0], X_OK) == 0 }) else { return }
    try await TemporaryFolder.with { folder in
      let page = try await runCaisson(["man"])
      try ServerFiles.write(page.stdout, to: "\(folder)/caisson.1", mode: 0o644, owner: nil)
      let output = try await Command(formatter + ["\(folder)/caisson.1"], additions: ["MANPAGER": "cat", "LC_ALL": "C.UTF-8"]).run()
      #expect(output.errorText == "", "\(output.errorText)")
      // A page without a date says when it was made by its version.
      if formatter[0] == "mandoc" { #expect(output.text.split(separator: "\n").filter { !$0.contains("missing date") } == []) }
    }
  }
}
