import CommandLineKit
import Testing

@testable import caisson

@Suite struct EnvironmentChoiceTests {
  @Test("an environment is a file, or a name in a folder", arguments: [
    (["F/staging.yaml"], "F/staging.yaml"), (["F", "--env", "staging"], "F/staging.yaml"),
    (["F/", "--env", "other"], "F/other.yml"), (["--env=staging", "F"], "F/staging.yaml"),
  ])
  func found(words: [String], path: String) throws {
    let folder = try folder()
    #expect(try choose(words, folder) == path.replacingF(folder))
  }

  @Test("what is missing is said, with what there is", arguments: [
    ([], "name an environment file"), (["F"], "say which environment with --env"),
    (["F", "--env", "prod"], "the folder has other.yml, plan.yaml, staging.yaml"),
    (["F/none.yaml"], "there is no file or folder"), (["F/staging.yaml", "--env", "staging"], "is a file"),
  ])
  func missing(words: [String], message: String) throws {
    let folder = try folder()
    let error = try #require(throws: UsageError.self) { try choose(words, folder) }
    #expect(error.message.contains(message))
  }

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["plan.yaml", "staging.yaml", "other.yml", "notes.txt"] { try folder.write("", to: name) }
    return folder
  }

  private func choose(_ words: [String], _ folder: TemporaryFolder) throws -> String? {
    let root = CommandSpec(Tool.name, summary: "", subcommands: [ApplyCommand.spec])
    guard case .run(let parsed) = try CommandParser(root).parse(["apply"] + words.map { $0.replacingF(folder) }) else {
      return nil
    }
    return try EnvironmentChoice.path(parsed)
  }
}

extension String {
  /// `F` in a table of cases stands for the test's folder.
  fileprivate func replacingF(_ folder: TemporaryFolder) -> String {
    hasPrefix("F") ? folder.path + dropFirst() : self
  }
}
