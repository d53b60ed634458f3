import CommandLineKit
import Glibc
import JSONText
import Testing

@testable import caisson

@Suite struct CommandOutputTests {
  @Test("what init writes is a valid plan", arguments: ["staging", "production"])
  func starter(environment: String) async throws {
    let folder = try TemporaryFolder()
    setenv("PRODUCTION_URL", "postgresql:///nowhere", 1)
    _ = try await run(["init", "\(folder.path)/shop"])
    let (code, text) = try await run(["validate", "\(folder.path)/shop", "--env", environment, "-o", "json"])
    #expect(code == .done, "\(text)")
    let report = try JSON(parsing: text)
    #expect(report["valid"] == true && report["plan"] == "shop" && report["steps"] == 2)
    #expect(report["plan_hash"]?.string?.count == 64)
  }

  @Test("every mistake is data when JSON is asked for")
  func mistakes() async throws {
    let folder = try TemporaryFolder()
    let plan = "caisson: 1\nplan: p\nsteps:\n  a: { uses: sql.rnu }\n  b: { uses: sql.run, neds: [a] }\n"
    try folder.write(plan, to: "plan.yaml")
    try folder.write("environment: staging\nplan: plan.yaml\ntarget: sandbox\n", to: "staging.yaml")
    let (code, text) = try await run(["validate", "\(folder.path)/staging.yaml", "-o", "json"])
    #expect(code == .planInvalid)
    let lines = try JSON(parsing: text)["findings"]?.array?.compactMap { $0["line"]?.int }
    #expect(lines?.contains(4) == true && lines?.contains(5) == true)
  }

  @Test("lint names rule and place of each finding")
  func lint() async throws {
    let folder = try TemporaryFolder()
    try folder.write("SELECT 1;\nCREATE INDEX a ON t (b);\n", to: "a.sql")
    let (code, text) = try await run(["lint", "\(folder.path)/a.sql", "--output", "json"])
    #expect(code == .done)
    let found = try JSON(parsing: text).array ?? []
    #expect(found.contains { $0["rule_name"] == "index_without_concurrently" && $0["line"] == 2 })
    #expect(found.allSatisfy { $0["file"] == .string("\(folder.path)/a.sql") })
  }

  @Test("lint of a file that is not text, or not there, is a usage error", arguments: ["latin1.sql", "none.sql"])
  func unreadable(name: String) async throws {
    let folder = try TemporaryFolder()
    let file = try #require(fopen("\(folder.path)/latin1.sql", "w"))
    fwrite([0x2D, 0x2D, 0xE9] as [UInt8], 1, 3, file)
    fclose(file)
    let failure = try await #require(throws: CommandFailure.self) { try await run(["lint", "\(folder.path)/\(name)"]) }
    #expect(failure.problem.code == .usage)
  }

  @Test("the schema knows every kind that plugins lists")
  func schema() async throws {
    let kinds = try JSON(parsing: try await run(["plugins", "-o", "json"]).text).array ?? []
    let schema = try JSON(parsing: try await run(["schema"]).text)
    #expect(!kinds.isEmpty)
    for kind in kinds {
      let name = try #require(kind["name"]?.string)
      #expect(schema["$defs"]?["with.\(name)"] != nil, "\(name)")
      #expect(try JSON(parsing: try await run(["schema", name]).text) == schema["$defs"]?["with.\(name)"])
    }
  }

  /// Runs a command with its data in a file.
  private func run(_ words: [String]) async throws -> (code: ExitCode, text: String) {
    guard case .run(let parsed) = try CommandParser(CommandTree.spec).parse(words) else { return (.usage, "") }
    let folder = try TemporaryFolder(), path = "\(folder.path)/output"
    let output = Terminal(descriptor: open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    let quiet = Terminal(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC))
    defer {
      close(output.descriptor)
      close(quiet.descriptor)
    }
    let console = Console(format: Console(parsed).format, output: output, error: quiet)
    let type = try #require(CommandTree.command(at: parsed.path))
    let code = try await type.init(parsed).run(console)
    return (code, try SourceFile(path).text)
  }
}
