import PlanSchema
import TestSupport
import Testing

@testable import Gates

@Suite("mistakes in parameters of gates") struct ParameterTests {
  @Test("backup providers have their own parameters, and say which", arguments: [
    ("{ provider: pgbackrest }", "backup.parameter"),
    ("{ provider: basebackup, stanza: main, path: /x }", "backup.parameter"),
    ("{ provider: managed }", "backup.parameter"),
    ("{ provider: managed, taken_at: 2026-11-21 03:00+01, path: /x }", "backup.parameter"),
    ("{ provider: file, path: /x, restore_test: { folder: /tmp } }", "backup.restore"),
    ("{ provider: basebackup, path: /x, restore_test: { folder: tmp } }", "restore.folder"),
    ("{ provider: basebackup, path: /x, restore_test: { folder: /tmp/a b } }", "restore.folder"),
    ("{ provider: command, command: ['true'], every: 0s }", "value.range"),
  ])
  func backup(yaml: String, code: String) {
    #expect(codes { try GateBackup.Parameters.read(yaml: yaml) } == [code])
  }

  @Test("standbys, slots, windows and approvals that cannot be", arguments: [
    "{ names: [a], at_least: 2 }", "{ max_slot_wal: 1GB }", "{ at_least: -1 }", "{ every: 10ms }",
  ])
  func replica(yaml: String) {
    #expect(codes { try GateReplica.Parameters.read(yaml: yaml) }.count == 1)
  }

  @Test("a gate without windows, and one with no roles")
  func others() {
    #expect(codes { try GateWindow.Parameters.read(yaml: "{ windows: [] }") } == ["value.missing"])
    #expect(codes { try GateWindow.Parameters.read(yaml: "{ windows: Mon 25:00-26:00 UTC }") } == ["value.window"])
    #expect(codes { try GateApproval.Parameters.read(yaml: "{ roles: 0 }") } == ["value.range"])
  }

  private func codes(_ read: () throws -> some Sendable) -> [String] {
    do {
      _ = try read()
      return []
    } catch { return (error as? InvalidInput)?.diagnostics.items.map(\.code) ?? ["\(error)"] }
  }
}
