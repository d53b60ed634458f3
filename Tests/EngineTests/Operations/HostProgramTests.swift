@testable import Engine
import Testing

@Suite("programs that only look") struct HostProgramTests {
  private func output(_ arguments: String...) async throws -> String {
    try await HostProgram.output(of: arguments, in: "/", own: OwnProgram())
  }

  @Test("an answer of a mebibyte is read whole; of a longer one nothing is believed")
  func long() async throws {
    #expect(try await output("head", "-c", "1048576", "/dev/zero").utf8.count == 1 << 20)
    let error = try #require(await error { try await output("head", "-c", "1048577", "/dev/zero") })
    #expect(error.message == "head wrote more than 1 MiB" && error.hint?.contains("half an answer") == true)
  }

  @Test("one that fails is no answer")
  func failing() async throws {
    let error = try #require(await error { try await output("cat", "/nosuch") })
    #expect(error.message == "cat ended with exit code 1" && error.hint?.contains("/nosuch") == true)
  }

  private func error(_ body: () async throws -> String) async -> EngineError? {
    do { _ = try await body() } catch { return error as? EngineError }
    return nil
  }
}
