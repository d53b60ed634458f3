import ChildProcess
import Glibc

/// A folder with PostgreSQL's server programs.
package struct ServerPrograms: Sendable, Hashable {
  package let folder: String
  /// For example 15.
  package let major: Int
  /// For example `15.20`.
  package let version: String

  package func path(_ program: String) -> String { folder + "/" + program }

  /// CAISSON_PG_BIN alone when it is set; otherwise the wanted major version, or the newest one found.
  package static func find(major wanted: Int? = nil) async throws -> ServerPrograms {
    if let folder = Environment.value("CAISSON_PG_BIN"), !folder.isEmpty {
      guard let programs = await inspect(folder) else {
        throw SandboxError("CAISSON_PG_BIN=\(folder) holds no initdb, pg_ctl and postgres that run")
      }
      guard wanted == nil || wanted == programs.major else {
        throw SandboxError("CAISSON_PG_BIN is PostgreSQL \(programs.major), but \(wanted ?? 0) is needed")
      }
      return programs
    }
    var found: [ServerPrograms] = []
    for folder in await candidates() {
      if let programs = await inspect(folder) { found.append(programs) }
    }
    if let wanted { found.removeAll { $0.major != wanted } }
    guard let best = found.max(by: { $0.major < $1.major }) else {
      throw SandboxError(
        "no PostgreSQL\(wanted.map { " \($0)" } ?? "") server programs found",
        hint: "install the server package, or set CAISSON_PG_BIN to the folder with initdb")
    }
    return best
  }

  private static func candidates() async -> [String] {
    var list: [String] = []
    if let output = try? await Command(["pg_config", "--bindir"], timeout: .seconds(10)).run(), output.succeeded {
      list.append(output.text.filter { $0 != "\n" })
    }
    list += (Environment.value("PATH") ?? "").split(separator: ":").map(String.init)
    for base in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] {
      list += names(in: base).map { "\(base)/\($0)/bin" }
    }
    list += names(in: "/usr").filter { $0.hasPrefix("pgsql-") }.map { "/usr/\($0)/bin" }
    var seen: Set<String> = []
    return list.filter { seen.insert($0).inserted }
  }

  private static func inspect(_ folder: String) async -> ServerPrograms? {
    guard ["initdb", "pg_ctl", "postgres"].allSatisfy({ access("\(folder)/\($0)", X_OK) == 0 }) else { return nil }
    guard let output = try? await Command(["\(folder)/postgres", "--version"], timeout: .seconds(10)).run(),
      output.succeeded, let match = output.text.firstMatch(of: #/\) (\d+)([^\s]*)/#), let major = Int(match.1)
    else { return nil }
    return ServerPrograms(folder: folder, major: major, version: String(match.1 + match.2))
  }

  private static func names(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// True when the server can load this library from its own library folder.
  package func hasLibrary(_ name: String) async -> Bool {
    var folders = ["\(folder)/../lib", "\(folder)/../lib/postgresql"]
    if let output = try? await Command([path("pg_config"), "--pkglibdir"], timeout: .seconds(10)).run(), output.succeeded {
      folders.append(output.text.filter { $0 != "\n" })
    }
    return folders.contains { ServerFiles.exists("\($0)/\(name).so") }
  }
}
