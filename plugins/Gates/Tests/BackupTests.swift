import ChildProcess
import Engine
import JSONText
import PluginAPI
import PostgresClient
import Sandbox
import SQLText
import TestSupport
import Testing

@testable import Gates

/// What is said of backups that others make.
@Suite(.database) struct BackupTests {
  private func program(_ parameters: String) async throws -> Program {
    let harness = try EngineHarness("  s: { uses: gate.backup, with: \(parameters) }", registry: registry)
    return try #require(try await harness.runner().preview().preparation["s"]?.compiled).program
  }

  private func reason(_ parameters: String) async throws -> String {
    guard case .closed(let reason, _)? = try await program(parameters).gates.first else { return "" }
    return reason
  }

  @Test("without an archive there is no way to a point in time: pgbackrest and basebackup ask for one")
  func archiving() async throws {
    let asked = try await reason("{ provider: basebackup, path: /nowhere }")
    #expect(asked.hasPrefix("archive_mode is off") && asked.contains("it opens when archive_mode is on"), "\(asked)")
    let waived = try await reason("{ provider: basebackup, path: /nowhere, archiving: false }")
    #expect(waived == "/nowhere cannot be read on this host")
    let wanted = try await reason("{ provider: managed, taken_at: now, archiving: true }")
    #expect(wanted.hasPrefix("archive_mode is off"))
  }

  @Test("a managed snapshot: by a query, or as declared", arguments: [
    ("query: SELECT now() - interval '2 hours'", ""),
    ("query: SELECT now() - interval '3 days'", "the managed snapshot ended 3 days ago, max_age is 1 day; it opens when a newer one is there"),
    ("query: SELECT NULL::timestamptz", "the query knows of no managed snapshot; it opens when one is there"),
    ("query: SELECT 'soon'", "the managed snapshot has no instant: 2026-11-21 03:00+01, or seconds since 1970, would be one"),
    ("query: SELECT now() + interval '1 hour'", "the managed snapshot ended in the future: a clock is wrong"),
    ("taken_at: 2020-01-01 00:00+00, max_age: 36500d", ""),
    ("taken_at: 2020-01-01 00:00+00", "ended"),
  ])
  func managed(keys: String, expected: String) async throws {
    let found = try await reason("{ provider: managed, \(keys) }")
    #expect(expected == "ended" ? found.contains("days ago") : found == expected)
  }

  @Test("a file counts by its age and size")
  func file() async throws {
    try await TemporaryFolder.with { folder in
      let path = folder + "/dump"
      let keys = "provider: file, path: \(path)"
      #expect(try await reason("{ \(keys) }").hasPrefix("there is no backup file"))
      try ServerFiles.write("", to: path, owner: nil)
      #expect(try await reason("{ \(keys) }") == "backup file \(path) is empty; it opens when it is whole")
      try ServerFiles.write(String(repeating: "x", count: 2048), to: path, owner: nil)
      #expect(try await reason("{ \(keys) }") == "")
      #expect(try await reason("{ \(keys), min_size: 1MB }").contains("has 2.0 kB, at least 1MB are asked for"))
      _ = try await Command(["touch", "-d", "2 days ago", path]).run()
      #expect(try await reason("{ \(keys) }").contains("ended 2 days ago, max_age is 1 day"))
    }
  }

  @Test("a command prints when; one that fails, or prints something else, closes without a word of what it printed")
  func command() async throws {
    #expect(try await reason("{ provider: command, command: [date, +%s] }") == "")
    #expect(try await reason("{ provider: command, command: [date, -d, 3 days ago, '+%F %T%z'] }").contains("3 days ago"))
    #expect(try await reason("{ provider: command, command: ['false'] }").hasPrefix("false knows of no backup"))
    let chatty = try await reason("{ provider: command, command: [printf, 'secret\\nword'] }")
    #expect(chatty.contains("it printed 2") && !chatty.contains("secret"))
  }
}
