import Sandbox
import TestSupport
import Testing

@Suite("ports of private servers")
struct LoopbackPortTests {
  @Test("none is given twice, nor one that the kernel gives to clients")
  func apart() throws {
    let words = ServerFiles.read("/proc/sys/net/ipv4/ip_local_port_range")?.split { $0.isWhitespace } ?? []
    let range = try #require(Int(words[0]))...(try #require(Int(words[1])))
    let ports = try (0..<200).map { _ in try LoopbackPort.free() }
    #expect(Set(ports).count == 200)
    #expect(range.lowerBound < 12_000 || !ports.contains { range.contains($0) }, "\(range): \(ports)")
  }

  @Test(
    "a pooler whose port another has is not taken for one that runs", .database, .ownTime(.minutes(5)),
    .enabled(if: TestPooler.isInstalled, "needs pgbouncer"))
  func taken() async throws {
    let cluster = TestDatabase.current.cluster
    let first = try await TestPooler.start(cluster)
    await #expect(throws: SandboxError.self) {
      try await TestPooler.start(cluster, rendered: first.folder, port: first.port)
    }
    #expect(try await first.admin("SHOW VERSION").count == 1)
    await first.stop()
  }
}
