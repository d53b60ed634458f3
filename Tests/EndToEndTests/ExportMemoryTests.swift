import Glibc
import JSONText
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// One person with very many rows: they stream through the program, which never holds them.
@Suite(.serialized, .database, .ownTime(.minutes(15))) struct ExportMemoryTests {
  private static let plan = """
    caisson: 1
    plan: request
    private_variables: [subject]
    steps:
      export:
        uses: gdpr.export
        with:
          map:
            subject: { table: person, key: id }
            tables:
              - { table: person, columns: { name: "null" } }
              - { table: visit, path: person_id, columns: { page: "null" } }
          subject: ${subject}
          to: export
    """

  @Test("200,000 rows stay under 64 MB of memory")
  func many() async throws { try await export(rows: 200_000) }

  @Test("5 million rows stay under 64 MB of memory", .enabled(if: getenv("CAISSON_BIG") != nil, "CAISSON_BIG=1 runs it"))
  func million() async throws { try await export(rows: 5_000_000) }

  private func export(rows: Int) async throws {
    let database = TestDatabase.current
    try await database.sql("CREATE TABLE person (id bigint PRIMARY KEY, name text)")
    try await database.sql("CREATE TABLE visit (id bigint PRIMARY KEY, person_id bigint REFERENCES person, page text)")
    try await database.sql("INSERT INTO person VALUES (7, 'a')")
    try await database.sql("INSERT INTO visit SELECT g, 7, 'page number ' || g FROM generate_series(1, \(rows)::bigint) g")
    let project = try Project(
      "", more: "token_key: ${env:TOKEN_KEY}", environment: ["TARGET": database.url, "TOKEN_KEY": "key of the tokens"])
    try project.write(Self.plan, to: "plan.yaml")
    let running = try project.start("apply", "--var", "subject=7", "--yes")
    let watch = Task {
      var most = 0
      while !Task.isCancelled {
        most = max(most, Self.peak(of: running.pid))
        try? await Task.sleep(for: .milliseconds(10))
      }
      return most
    }
    #expect(await running.wait() == 0, "\(running.output)")
    watch.cancel()
    let peak = await watch.value
    #expect(peak > 1_000 && peak < 64 << 10, "\(peak) kB")
    print("export of \(rows) rows: \(peak) kB of memory")
    let manifest = try JSON(parsing: ServerFiles.read("\(project.folder)/export/manifest.json") ?? "")
    #expect(manifest["files"]?.array?.contains { $0["rows"]?.int == Int64(rows) } == true, "\(manifest)")
    for name in FolderNames.all(in: "\(project.folder)/export") { unlink("\(project.folder)/export/\(name)") }
    rmdir("\(project.folder)/export")
  }

  /// The most it has ever had, in kB.
  private static func peak(of pid: Int32) -> Int {
    let line = (ServerFiles.read("/proc/\(pid)/status") ?? "").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
    return line.flatMap { $0.split { !$0.isNumber }.first }.flatMap { Int($0) } ?? 0
  }
}
