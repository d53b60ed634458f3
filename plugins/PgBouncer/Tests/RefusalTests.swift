import Glibc
import Sandbox
import TestSupport
import Testing

@testable import PgBouncer

/// Before anything is written: no file, no run.
@Suite("what pgbouncer.render refuses", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct RefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var what: String
    var keys: [String: String]
    var exit: Int32 = 5
    var says: [String]
    var testDescription: String { what }
  }

  static let cases = [
    Case(
      what: "a wrong key", keys: ["extra": "{ server_idle_timeot: 10 }"], exit: 3,
      says: ["plan.yaml:", "unknown key `server_idle_timeot`", "did you mean `server_idle_timeout`", "^"]),
    Case(
      what: "a wrong key of a database", keys: ["databases": "{ shop: { pol_size: 5 } }"], exit: 3,
      says: ["unknown key `pol_size`", "did you mean `pool_size`"]),
    Case(
      what: "a value that is none", keys: ["extra": "{ server_tls_sslmode: requir }"], exit: 3,
      says: ["`requir` is no value of server_tls_sslmode", "did you mean `require`"]),
    Case(
      what: "a key of a later version", keys: ["extra": "{ max_prepared_statements: 100 }", "version": "\"1.18\""],
      says: ["max_prepared_statements", "of PgBouncer 1.21, and this is 1.18"]),
    Case(
      what: "a later key of a user", keys: ["users": "{ a: { password: \"${env:APP_PASSWORD}\", query_timeout: 5 } }"],
      says: ["query_timeout in [users] is of PgBouncer 1.24"]),
    Case(
      what: "a renamed key", keys: ["databases": "{ shop: { reserve_pool: 5 } }", "version": "\"1.24\"", "validate": "false"],
      says: ["is called reserve_pool_size since PgBouncer 1.24", "write reserve_pool_size"]),
    Case(
      what: "a file that PgBouncer does not start with", keys: ["extra": "{ client_tls_sslmode: require }"],
      says: ["pgbouncer.broken", "does not start with it"]),
    Case(
      what: "a program that is not there", keys: ["program": "/usr/sbin/pgbouncer-that-is-not"],
      says: ["pgbouncer.missing", "is not installed here as /usr/sbin/pgbouncer-that-is-not"]),
    Case(what: "root", keys: ["run_as": "root"], says: ["pgbouncer.root", "refuses to run as root"]),
    Case(what: "no such account", keys: ["run_as": "nobody-of-this-name"], says: ["pgbouncer.account"]),
    Case(what: "a folder that is not there", keys: ["to": "nowhere"], says: ["pgbouncer.folder", "mkdir -p nowhere"]),
    Case(
      what: "more connections than there are", keys: ["pool": "{ size: 500 }"],
      says: ["may want 600 connections, and the server has", "pool: { size: "]),
    Case(what: "more clients than files", keys: ["open_files": "1024"], says: ["1000 clients want 1028 open files, and there may be 1024", "LimitNOFILE=2048"]),
    Case(what: "a user without a password", keys: ["users": "{ app: {} }"], says: ["pgbouncer.password", "app has no password"]),
    Case(what: "a password in the plan", keys: ["users": "{ app: { password: sesame } }"], exit: 3, says: ["in plain text"]),
    Case(what: "no address", keys: ["listen": "{ addr: '' }"], exit: 3, says: ["takes no connection over TCP"]),
    Case(
      what: "another version than the installed one", keys: ["version": "\"1.25\""],
      says: ["the files are for PgBouncer 1.25", "validate: false"]),
  ]

  @Test("is said with its place and what to do, and nothing is changed", arguments: cases)
  func refused(_ one: Case) async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render(one.keys))
      let said = try await desk.caisson("apply", "--yes")
      #expect(said.exit == one.exit, "\(said.text)")
      for words in one.says { #expect(said.text.contains(words), "\(words) in:\n\(said.text)") }
      #expect(!said.text.contains("sésame"))
      try await desk.expectUntouched()
    }
  }

  @Test("a port that somebody listens on; not so when it is the PgBouncer that the files are for")
  func port() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render(["listen": "{ port: \(desk.database.cluster.port) }"]))
      let said = try await desk.caisson("plan")
      #expect(said.exit == 5 && said.text.contains("pgbouncer.port_taken"), "\(said.text)")
      try await desk.expectUntouched()
      try desk.write(desk.render())
      try await desk.apply()
      try await desk.bouncer { _ in
        try desk.write(desk.render(["max_client_conn": "900"]))
        #expect(try await desk.caisson("plan").text.contains("pgbouncer.port_taken"))
        try desk.write(desk.render(["max_client_conn": "900", "admin": "${env:CONSOLE}"]))
        let known = try await desk.caisson("plan")
        #expect(known.exit == 0, "\(known.text)")
      }
    }
  }
}
