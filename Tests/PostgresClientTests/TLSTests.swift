import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.ownTime(.minutes(8))) struct TLSTests {
  @Test("sslmode=require encrypts")
  func required() async throws {
    let cluster = try await TestCluster.start()
    guard try await cluster.enableTLS() else { try Test.cancel("no certificate, or a server without TLS") }
    let target = ConnectionString(cluster.networkTarget().secret + "?sslmode=require")
    let encrypted = try await Connection.connect(target)
    #expect(try await encrypted.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").value == "t")
    let outcomes = try await encrypted.pipeline((1...50).map { _ in ["SELECT repeat('x', 100000)"] })
    #expect(outcomes.allSatisfy { $0.error == nil })
    try await cluster.stop()
  }
}
