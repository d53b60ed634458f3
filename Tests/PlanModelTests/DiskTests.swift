import FoundationEssentials
import PlanModel
import PlanSchema
import Testing

@Suite struct DiskTests {
  /// A folder of its own, removed afterwards.
  private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/caisson-plans-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files {
      let path = folder + "/" + name
      try FileManager.default.createDirectory(atPath: FilePath.folder(of: path), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
    }
    try body(folder)
  }

  private static let plan = """
    caisson: 1
    plan: p
    steps:
      a: { uses: sql.run, with: { file: sql/a.sql } }
    """
  private static let staging = "environment: staging\ntarget: sandbox\n"

  private func codes(_ path: String, _ environment: String? = nil) -> [String] {
    do {
      _ = try PlanLoader(ToySteps.registry).load(PlanRequest(path: path, environment: environment))
      return []
    } catch {
      return error.diagnostics.sorted.map(\.code)
    }
  }

  @Test("a plan is loaded from the disk by its environment's file, or by folder and name")
  func load() throws {
    try withFolder(["staging.yaml": DiskTests.staging, "plan.yaml": DiskTests.plan, "sql/a.sql": "SELECT 1"]) {
      folder in
      #expect(codes(folder + "/staging.yaml") == [])
      #expect(codes(folder, "staging") == [])
      #expect(codes(folder) == ["environment.required"])
      #expect(codes(folder, "production") == ["file.missing"])
    }
  }

  @Test("a link that leads out of the plan's folder is refused; one inside is followed")
  func links() throws {
    try withFolder(["staging.yaml": DiskTests.staging, "plan.yaml": DiskTests.plan, "b.sql": "SELECT 1"]) { folder in
      try FileManager.default.createDirectory(atPath: folder + "/sql", withIntermediateDirectories: true)
      let link = folder + "/sql/a.sql"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../b.sql")
      #expect(codes(folder, "staging") == [])
      try FileManager.default.removeItem(atPath: link)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/hostname")
      #expect(codes(folder, "staging") == ["file.outside"])
    }
  }

  @Test("what is no regular file is refused without waiting for it")
  func devices() {
    #expect(codes("/dev/zero") == ["file.kind"])
    #expect(codes("/proc/self/mem") == ["yaml.empty"] || codes("/proc/self/mem") == ["file.unreadable"])
  }

  @Test("secret files are looked for beside the environment")
  func secrets() throws {
    let staging = "environment: staging\ntarget: ${file:url}\n"
    try withFolder(["staging.yaml": staging, "plan.yaml": DiskTests.plan, "sql/a.sql": "SELECT 1"]) { folder in
      #expect(codes(folder, "staging") == ["secret.missing"])
      try Data("service=x\n".utf8).write(to: URL(filePath: folder + "/url"))
      #expect(codes(folder, "staging") == [])
    }
  }
}
