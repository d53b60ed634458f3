import PlanSchema
import PluginAPI
import TestSupport
import Testing

@testable import Gates

/// A restore as it is printed: where its files lie, and what the scratch server is kept from doing.
@Suite("programs of gates") struct SnapshotTests {
  @Test("a base backup, a packed one, and one of pgBackRest are restored by", arguments: ["plain", "tar", "pgbackrest"])
  func restore(kind: String) throws {
    let wanted = try GateBackup.Parameters.read(
      yaml: "{ provider: pgbackrest, stanza: shop, config: /etc/pgbackrest.conf, restore_test: { folder: /var/tmp/restore } }")
    let source: FoundBackup.Source = switch kind {
    case "pgbackrest": .pgbackrest(PgBackRest(wanted), label: "20261121-030002F")
    default: .folder("/backup/shop", isTar: kind == "tar")
    }
    let test = RestoreTest(
      backup: FoundBackup(name: "backup", end: "now()", bytes: 1, source: source),
      keys: try #require(wanted.restoreTest), user: HostUser(kind == "plain" ? nil : "postgres"), bin: "/usr/lib/postgresql/15/bin",
      database: "shop", role: "owner", scratch: "/var/tmp/restore/restore-1", sizes: ["max_connections=200"])
    try Snapshot.expect(ProgramText.of(Program(operations: [test.operation])), named: "restore-\(kind)")
  }
}
