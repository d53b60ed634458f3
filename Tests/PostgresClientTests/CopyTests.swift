import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

@Suite(.database(template: "CREATE TABLE t (id int, body text)"))
struct CopyTests {
  struct Stop: Error {}

  @Test("rows stream out chunk by chunk")
  func out() async throws {
    let connection = try await TestDatabase.current.connect()
    let bytes = Mutex<[UInt8]>([])
    let rows = try await connection.copyOut("COPY (SELECT g, NULL FROM generate_series(1, 20000) g) TO STDOUT") { chunk in
      bytes.withLock { $0 += chunk }
    }
    #expect(rows == 20_000)
    let text = String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    #expect(text.hasPrefix("1\t\\N\n2\t\\N\n") && text.hasSuffix("20000\t\\N\n"))
  }

  @Test("a receiver that gives up stops the server and keeps the connection")
  func outStopped() async throws {
    let connection = try await TestDatabase.current.connect()
    await #expect(throws: Stop.self) {
      try await connection.copyOut("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT") { _ in
        throw Stop()
      }
    }
    #expect(try await connection.query("SELECT 1").value == "1")
  }

  @Test("bytes stream in, from small pieces and from large ones", arguments: [7, 700_000])
  func into(size: Int) async throws {
    let connection = try await TestDatabase.current.connect()
    let all = (1...20_000).map { "\($0)\tline ü \($0)\n" }.joined().utf8.map { $0 }
    let place = Mutex(0)
    let rows = try await connection.copyIn("COPY t FROM STDIN") {
      place.withLock { start in
        defer { start += size }
        return start < all.count ? Array(all[start..<min(start + size, all.count)]) : nil
      }
    }
    #expect(rows == 20_000)
    #expect(try await connection.query("SELECT body FROM t WHERE id = 20000").value == "line ü 20000")
  }

  @Test("a source that fails undoes the whole COPY")
  func intoFailed() async throws {
    let connection = try await TestDatabase.current.connect()
    let count = Mutex(0)
    await #expect(throws: Stop.self) {
      try await connection.copyIn("COPY t FROM STDIN") {
        if count.withLock({ $0 += 1; return $0 }) > 3 { throw Stop() }
        return Array("1\tx\n".utf8)
      }
    }
    #expect(try await connection.query("SELECT count(*) FROM t").value == "0")
  }

  @Test("a bad line is the server's error, and the connection stays good")
  func badLine() async throws {
    let connection = try await TestDatabase.current.connect()
    let sent = Mutex(false)
    let error = await #expect(throws: PostgresError.self) {
      try await connection.copyIn("COPY t FROM STDIN") {
        sent.withLock { done in
          defer { done = true }
          return done ? nil : Array("not a number\tx\n".utf8)
        }
      }
    }
    #expect(error?.sqlState == "22P02")
    #expect(try await connection.query("SELECT 1").value == "1")
  }

  @Test("a statement that is no COPY of that direction is refused", arguments: ["SELECT 1", "COPY t FROM STDIN"])
  func direction(sql: String) async throws {
    let connection = try await TestDatabase.current.connect()
    let error = await #expect(throws: PostgresError.self) { try await connection.copyOut(SQL(verbatim: sql)) { _ in } }
    #expect(error?.kind == .protocolViolation)
    #expect(try await connection.query("SELECT 1").value == "1")
  }
}
