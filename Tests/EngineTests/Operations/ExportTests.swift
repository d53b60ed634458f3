import ChildProcess
import Digest
import Engine
import Glibc
import JSONText
import PluginAPI
import SQLText
import Sandbox
import TestSupport
import Testing

private enum Sample {
  static let people = #"""
    CREATE TABLE person (id int PRIMARY KEY, name text, data json);
    INSERT INTO person VALUES (1, E'A "quoted"\n\\line, here', E'{"a":\n [1,\t2]}'), (2, NULL, NULL), (3, E'\\.', '"\n"');
    """#
}

@Suite(.database(template: Sample.people), .ownTime(.minutes(5))) struct ExportTests {
  private let folder: String

  /// It goes with the cluster.
  init() async throws { folder = try TemporaryFolder.make(prefix: "export", in: try await TestCluster.shared.folder) }

  private func export(
    _ format: ExportWork.Format, _ queries: [ExportWork.Query], isFolder: Bool = true, path: String? = nil
  ) -> Operation {
    .export(
      id: "export", title: "export people",
      ExportWork(queries, format: format, path: path ?? "\(folder)/out", isFolder: isFolder))
  }

  private func result(_ harness: EngineHarness) async throws -> JSON {
    let text = try await harness.database.sql("SELECT result FROM caisson.task WHERE kind = 'export' AND direction = 'forward'").value
    return try JSON(parsing: try #require(text))
  }

  @Test("a folder of private files in one snapshot, with a manifest whose digest the journal keeps")
  func files() async throws {
    let harness = try EngineHarness([
      export(.csv, [
        .init("people", "SELECT id, name FROM person ORDER BY id"), .init("first", "SELECT pg_current_snapshot() AS s;"),
        .init("second", "SELECT pg_current_snapshot() AS s"),
      ])
    ])
    try await harness.succeed(try await harness.runner().apply())
    #expect(mode("\(folder)/out") == 0o700)
    for name in ["people.csv", "first.csv", "second.csv", "manifest.json", "SHA256SUMS"] { #expect(mode("\(folder)/out/\(name)") == 0o600) }
    let people = try #require(ServerFiles.read("\(folder)/out/people.csv"))
    #expect(people == "id,name\n1,\"A \"\"quoted\"\"\n\\line, here\"\n2,\n3,\\.\n" || people.hasSuffix("3,\"\\.\"\n"), "\(people)")
    #expect(ServerFiles.read("\(folder)/out/first.csv") == ServerFiles.read("\(folder)/out/second.csv"))
    let manifest = try #require(ServerFiles.read("\(folder)/out/manifest.json"))
    let result = try await result(harness)
    #expect(result["manifest"]?.string == SHA256.hex(of: manifest))
    #expect(result["rows"]?.int == 5 && result["files"]?.int == 3)
    let first = try JSON(parsing: manifest)["files"]?[0]
    #expect(first?["sha256"]?.string == SHA256.hex(of: people) && first?["rows"]?.int == 3)
    #expect(first?["bytes"]?.int == Int64(people.utf8.count))
    #expect(!manifest.contains("quoted"))
    let verified = try await Command(["sha256sum", "--check", "--strict", "SHA256SUMS"], directory: "\(folder)/out").run()
    #expect(verified.succeeded && verified.text.split(separator: "\n").count == 4, "\(verified.text)\(verified.errorText)")
  }

  @Test("JSON stays JSON, whatever is in it: one object in each line, or one array", arguments: [ExportWork.Format.ndjson, .json])
  func json(format: ExportWork.Format) async throws {
    let harness = try EngineHarness([
      export(format, [.init("people", "SELECT * FROM person ORDER BY id")], isFolder: false)
    ])
    try await harness.succeed(try await harness.runner().apply())
    #expect(mode("\(folder)/out") == 0o600 && mode("\(folder)/out.manifest.json") == 0o600)
    let text = try #require(ServerFiles.read("\(folder)/out"))
    let rows = format == .json ? try #require(try JSON(parsing: text).array) : try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(rows.map { $0["id"]?.int } == [1, 2, 3])
    #expect(rows[0]["name"]?.string == "A \"quoted\"\n\\line, here")
    #expect(rows[0]["data"]?["a"]?[1]?.int == 2)
    #expect(rows[2]["name"]?.string == "\\." && rows[2]["data"]?.string == "\n")
  }

  @Test("several queries in one JSON file are an object of arrays, and none is an empty one")
  func object() async throws {
    let harness = try EngineHarness([
      export(.json, [.init("some", "SELECT 1 AS a"), .init("none", "SELECT 1 AS a WHERE false")], isFolder: false)
    ])
    try await harness.succeed(try await harness.runner().apply())
    let json = try JSON(parsing: try #require(ServerFiles.read("\(folder)/out")))
    #expect(json == ["some": [["a": 1]], "none": []])
  }

  @Test("rollback removes what was written; what somebody has changed since stays, and is named", arguments: [true, false], [true, false])
  func undo(isFolder: Bool, isChanged: Bool) async throws {
    let harness = try EngineHarness([export(.csv, [.init("people", "SELECT * FROM person")], isFolder: isFolder)])
    try await harness.succeed(try await harness.runner().apply())
    let file = isFolder ? "\(folder)/out/people.csv" : "\(folder)/out"
    if isChanged { try ServerFiles.write("edited", to: file, owner: nil) }
    let report = try await harness.runner().rollback()
    #expect(report.ending.isRolledBack, "\(report.ending)")
    #expect(exists(file) == isChanged && exists("\(folder)/out") == isChanged)
    #expect(harness.events.text.contains("was changed since") == isChanged)
    #expect(try await harness.flaws() == [])
  }

  @Test("nothing is ever replaced")
  func refusesToReplace() async throws {
    try ServerFiles.write("mine", to: "\(folder)/out", owner: nil)
    let harness = try EngineHarness([export(.csv, [.init("people", "SELECT * FROM person")], isFolder: false)])
    let report = try await harness.runner().apply()
    #expect(report.ending.errors.first?.message.contains("is there already") == true, "\(report.ending)")
    #expect(ServerFiles.read("\(folder)/out") == "mine")
    unlink("\(folder)/out")
    try await harness.succeed(try await harness.runner().resume())
  }

  @Test("killed in the middle, its partial files are removed and it starts again; finished but not recorded, it is done",
        arguments: [true, false])
  func killed(isFolder: Bool) async throws {
    let slow: SQL = "SELECT id, CASE WHEN id > 2 AND to_regclass('quick') IS NULL THEN pg_sleep(600) END FROM person"
    let operation = export(.csv, [.init("one", "SELECT repeat('x', 300000) AS x FROM generate_series(1, 4)"), .init("people", slow)])
    let single = export(
      .csv, [.init("one", "SELECT repeat('x', 300000) AS x, CASE WHEN g > 2 AND to_regclass('quick') IS NULL THEN pg_sleep(600) END FROM generate_series(1, 4) g")],
      isFolder: false)
    let own = try OwnProcess(try TestProgram.step("go", [isFolder ? operation : single]))
    let pid = try own.start("apply")
    let partial = "\(folder)/out.caisson-partial"
    await until("a partial file") { exists(isFolder ? "\(partial)/people.csv" : partial) }
    #expect(mode(partial) == (isFolder ? 0o700 : 0o600))
    own.kill(pid)
    #expect(exists(partial) && !exists("\(folder)/out"))
    try await own.database.script("CREATE TABLE quick ()")
    let resumed = try await own.run("resume")
    #expect(resumed.code == .exited(0), "\(resumed.text)")
    #expect(!exists(partial) && exists("\(folder)/out"))
    // Finished, and the record lost: the manifest says whose it is.
    let before = try await own.database.sql("SELECT result FROM caisson.task").value
    try await own.database.script(
      "UPDATE caisson.task SET state = 'in_doubt', result = NULL; UPDATE caisson.step SET state = 'in_doubt', done_by = NULL; UPDATE caisson.run SET state = 'paused', finished_at = NULL")
    let again = try await own.run("resume")
    #expect(again.code == .exited(0), "\(again.text)")
    #expect(try await own.database.sql("SELECT result FROM caisson.task").value == before)
  }

  @Test("a full disk is said clearly and leaves nothing", .enabled(if: geteuid() == 0))
  func fullDisk() async throws {
    let disk = "\(folder)/disk"
    mkdir(disk, 0o700)
    guard try await Command(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).run().succeeded else { return }
    let harness = try EngineHarness([
      export(.csv, [.init("big", "SELECT repeat('x', 1000) FROM generate_series(1, 2000)")], path: "\(disk)/out")
    ])
    let report = try await harness.runner().apply()
    let left = try await Command(["ls", "-A", disk]).run().text
    _ = try await Command(["umount", disk]).run()
    rmdir(disk)
    let error = try #require(report.ending.errors.first, "\(report.ending)")
    #expect(error.message.contains("No space left") && error.hint?.contains("free space") == true, "\(error)")
    #expect(left == "")
  }

  @Test("an export and a concurrent build never overlap, though nothing orders them")
  func apart() async throws {
    let slow = export(.csv, [.init("people", "SELECT id, pg_sleep(0.4) FROM person")])
    let harness = try EngineHarness(
      try TestProgram.step("out", [slow]) + "  index: { uses: index.create, with: { table: person, columns: [name] } }\n"
        + "  other: { uses: index.create, with: { table: person, columns: [name, id] } }\n",
      registry: .withPrograms)
    try await harness.succeed(try await harness.runner().apply())
    let overlaps: SQL = """
      WITH span AS (SELECT e.step, t.kind, min(e.id) FILTER (WHERE e.kind = 'task.intent') AS a, max(e.id) AS b
        FROM caisson.event e JOIN caisson.task t USING (run_id, step, task) WHERE t.kind IN ('export', 'autocommit')
        GROUP BY 1, 2)
      SELECT count(*) FROM span x JOIN span y ON x.kind = 'export' AND y.kind = 'autocommit' AND x.a < y.b AND y.a < x.b
      """
    #expect(try await harness.database.sql(overlaps).value == "0")
    #expect(try await harness.database.sql("SELECT count(*) FROM caisson.task WHERE kind = 'autocommit'").value == "2")
  }
}
