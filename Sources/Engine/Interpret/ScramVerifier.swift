import Digest
import FoundationEssentials
import PostgresClient
import SQLText

/// `SCRAM-SHA-256$4096:SALT$STORED:SERVER`: what a server keeps of a password (RFC 5803, as PostgreSQL writes it).
struct ScramVerifier: Hashable {
  let text: String
  private let iterations: Int
  private let salt: [UInt8]
  private let storedKey: [UInt8]
  private let serverKey: [UInt8]

  init?(_ text: String) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "SCRAM-SHA-256" else { return nil }
    let first = parts[1].split(separator: ":"), second = parts[2].split(separator: ":")
    guard first.count == 2, second.count == 2, let iterations = Int(first[0]), (1...10_000_000).contains(iterations),
      let salt = Data(base64Encoded: String(first[1])), let stored = Data(base64Encoded: String(second[0])),
      let server = Data(base64Encoded: String(second[1]))
    else { return nil }
    self.text = text
    self.iterations = iterations
    (self.salt, storedKey, serverKey) = (Array(salt), Array(stored), Array(server))
  }

  /// Whether it is of this password. The password is taken as it is: of one that SASLprep would change, it never is.
  func verifies(_ password: String) throws -> Bool {
    let key = Array(password.utf8)
    // PBKDF2 with one block (RFC 8018, section 5.2).
    var last = try HMACSHA256.code(for: salt + [0, 0, 0, 1], key: key)
    var salted = last
    for _ in 1..<iterations {
      last = try HMACSHA256.code(for: last, key: key)
      for place in salted.indices { salted[place] ^= last[place] }
    }
    let client = try HMACSHA256.code(for: Array("Client Key".utf8), key: salted)
    return try SHA256.digest(of: client) == storedKey
      && HMACSHA256.code(for: Array("Server Key".utf8), key: salted) == serverKey
  }

  /// Those in a file of users, in the lines that name this one.
  static func all(in text: String, of user: String) -> [ScramVerifier] {
    let name = "\"\(user.replacing("\"", with: "\"\""))\" "
    return text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(name) }.flatMap { line in
      line.split(separator: "\"").compactMap { ScramVerifier(String($0)) }
    }
  }

  /// The server's own of a role; `nil` where we may not read it.
  static func kept(of user: String, on connection: Connection) async throws -> ScramVerifier? {
    let allowed = try await connection.query("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')").value
    guard allowed == "t" else { return nil }
    let text = try await connection.query("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = \(user)").value
    return text.flatMap { ScramVerifier($0) }
  }
}
