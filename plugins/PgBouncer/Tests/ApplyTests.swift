import Glibc
import Sandbox
import SQLText
import TestSupport
import Testing

@testable import PgBouncer

@Suite("pgbouncer.apply", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct ApplyTests {
  /// A running PgBouncer from rendered files, and a new pgbouncer.ini beside its own.
  private func with(_ change: (String) -> String, _ body: (BouncerDesk, TestPooler) async throws -> Void) async throws {
    try await BouncerDesk.with { desk in
      let pid = "\(desk.pool)/pid"
      try desk.write(desk.render(["extra": "{ pidfile: \(pid) }"]))
      try await desk.apply()
      try await desk.bouncer { pooler in
        let owner = desk.database.cluster.server.owner
        try ServerFiles.write(change(desk.file("pgbouncer.ini")), to: "\(desk.pool)/new.ini", owner: owner)
        try desk.write("  take:\n    uses: pgbouncer.apply\n    with: { admin: \"${env:CONSOLE}\", file: \(desk.pool)/new.ini }")
        try await body(desk, pooler)
      }
    }
  }

  @Test("a good file is taken over; a rollback has PgBouncer read the one before; restart-only settings are named")
  func applied() async throws {
    try await with { $0.replacing("max_client_conn = 1000", with: "max_client_conn = 900\nlisten_backlog = 64") } _: { desk, _ in
      let said = try await desk.apply()
      #expect(try await desk.config()["max_client_conn"] == "900")
      #expect(said.contains("only a restart of PgBouncer changes") && said.contains("listen_backlog"), "\(said)")
      let back = try await desk.caisson("rollback", "--yes")
      #expect(back.exit == 0, "\(back.text)")
      #expect(try await desk.config()["max_client_conn"] == "1000")
      #expect(desk.file("pgbouncer.ini").contains("max_client_conn = 1000"))
    }
  }

  @Test("a broken file is found in the trial: the running PgBouncer is not told to read it", arguments: [
    ("pool_mode = transaction", "pool_mode = transactional"), ("auth_type", "no_such_key = 1\nauth_type"),
  ])
  func broken(_ old: String, _ new: String) async throws {
    try await with { $0.replacing(old, with: new) } _: { desk, _ in
      let before = try await desk.config()
      let said = try await desk.caisson("apply", "--yes")
      #expect(said.exit != 0 && said.text.contains("does not start with it"), "\(said.text)")
      #expect(try await desk.config() == before)
      #expect(!desk.file("pgbouncer.ini").contains(new))
    }
  }

  @Test("what only the running one refuses is put back: settings behind the broken line had fallen to their defaults")
  func repaired() async throws {
    try await with { $0.replacing("max_client_conn = 1000", with: "max_client_conn = 900") } _: { desk, pooler in
      // The installed one of the trial is another program than the one that runs, and knows a key more. Everything
      // below it falls to its default, who may use the console included.
      let trick = "#!/bin/sh\nfor file; do :; done\n[ -f \"$file\" ] && sed -i '/newest_key/d' \"$file\"\nexec /usr/sbin/pgbouncer \"$@\"\n"
      try ServerFiles.write(trick, to: "\(desk.plan)/newer", mode: 0o755, owner: nil)
      let text = desk.file("new.ini").replacing("[pgbouncer]", with: "[users]\nsomebody = newest_key=1\n\n[pgbouncer]")
      try ServerFiles.write(text, to: "\(desk.pool)/new.ini", owner: desk.database.cluster.server.owner)
      try desk.write("""
          take:
            uses: pgbouncer.apply
            with: { admin: "${env:CONSOLE}", file: \(desk.pool)/new.ini, program: \(desk.plan)/newer }
        """)
      let before = try await desk.config()
      let said = try await desk.caisson("apply", "--yes")
      #expect(said.exit == 1 && said.text.contains("has not taken"), "\(said.text)")
      #expect(said.text.contains("the previous file was put back and is in use again"), "\(said.text)")
      #expect(try await desk.config() == before)
      #expect(desk.file("pgbouncer.ini").contains("max_client_conn = 1000"))
      let psql = desk.database.cluster.server.programs.path("psql")
      #expect(try await desk.client([psql, "-XAtc", "SELECT 1"]).text == "1\n")
    }
  }

  @Test("without a PgBouncer there, it is said before anything is written")
  func down() async throws {
    try await BouncerDesk.with { desk in
      try desk.write("  take:\n    uses: pgbouncer.apply\n    with: { admin: \"${env:CONSOLE}\", file: new.ini }")
      let said = try await desk.caisson("apply", "--yes")
      #expect(said.exit == 5 && said.text.contains("cannot reach the admin console"), "\(said.text)")
      #expect(!said.text.contains("operator's own"))
      try await desk.expectUntouched()
    }
  }
}
