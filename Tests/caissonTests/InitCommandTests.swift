import CommandLineKit
import Glibc
import Testing

@testable import caisson

@Suite struct InitCommandTests {
  @Test("a plan and two environments appear in a folder that is made for them")
  func writes() throws {
    let folder = try TemporaryFolder()
    #expect(try run("\(folder.path)/a/shop") == .done)
    let plan = try folder.read("a/shop/plan.yaml")
    #expect(plan.contains("plan: shop\n"))
    for (file, name) in [("staging.yaml", "staging"), ("production.yaml", "production")] {
      let text = try folder.read("a/shop/\(file)")
      #expect(text.contains("environment: \(name)\nplan: plan.yaml\n"))
    }
  }

  @Test("nothing is overwritten, and nothing written beside what is there", arguments: [
    "plan.yaml", "staging.yaml", "production.yaml",
  ])
  func refuses(existing: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("mine", to: existing)
    let failure = try #require(throws: CommandFailure.self) { try run(folder.path, "--name", "shop") }
    #expect(failure.problem.code == .refused)
    #expect(failure.problem.what.contains(existing))
    #expect(try folder.read(existing) == "mine")
    #expect(FileKind.yamlFiles(in: folder.path) == [existing])
  }

  @Test("a name that cannot name a plan is a usage error", arguments: ["1shop", "a b", "übung", "a/b"])
  func names(name: String) throws {
    let folder = try TemporaryFolder()
    #expect(throws: UsageError.self) { try run(folder.path, "--name", name) }
  }

  private func run(_ words: String...) throws -> ExitCode {
    guard case .run(let parsed) = try CommandParser(CommandTree.spec).parse(["init"] + words) else { return .usage }
    let quiet = Terminal(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC))
    defer { close(quiet.descriptor) }
    return try InitCommand(parsed).run(Console(format: .text, output: quiet, error: quiet))
  }
}
