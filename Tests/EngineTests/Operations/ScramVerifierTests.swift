import TestSupport
import Testing

@testable import Engine

@Suite("SCRAM verifiers", .database) struct ScramVerifierTests {
  @Test("the server's, and libpq's, are of their password and of no other", arguments: ["sesame", "sésame, ouvre-toi", ""])
  func verifies(password: String) async throws {
    guard !password.isEmpty else {
      return #expect(ScramVerifier("SCRAM-SHA-256$4096:AAAA$AAAA") == nil && ScramVerifier("md5abc") == nil)
    }
    let connection = try await TestDatabase.current.connect()
    let made = try await connection.scramVerifier(user: "anybody", password: password)
    let verifier = try #require(ScramVerifier(made))
    #expect(try verifier.verifies(password))
    #expect(try !verifier.verifies(password + "!"))
    await connection.close()
  }

  @Test("one of a file of users, by its user; a quote in a name is written twice")
  func file() throws {
    let text = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"
    let file = "\"a\" \"\(text)\"\n\"b\"\"c\" \"\(text)\"\n\"plain\" \"secret\"\n"
    #expect(ScramVerifier.all(in: file, of: "a").map(\.text) == [text])
    #expect(ScramVerifier.all(in: file, of: "b\"c").map(\.text) == [text])
    #expect(ScramVerifier.all(in: file, of: "b") == [] && ScramVerifier.all(in: file, of: "plain") == [])
  }
}
