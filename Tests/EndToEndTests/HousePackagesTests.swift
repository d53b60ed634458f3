import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

/// scripts/packages installs everything the program needs: what it is linked with, and what it starts.
@Suite(.enabled(if: access("/usr/bin/dpkg-query", X_OK) == 0, "needs Debian's package database"))
struct HousePackagesTests {
  @Test("every library the program is linked with is Swift's own or of a listed package")
  func libraries() async throws {
    let output = try await Command(["ldd", try CaissonProgram.path()]).run()
    let libraries = output.text.matches(of: #/=> (/\S+) \(0x/#).map { String($0.1) }
    #expect(libraries.contains { $0.contains("libpq.so") } && libraries.contains { $0.contains("libyaml") })
    #expect(!output.text.contains("not found"))
    let packages = try await InstalledPackages()
    for library in libraries where !library.contains("/usr/lib/swift/linux/") {
      #expect(try await packages.cover(library), "\(library)")
    }
  }

  @Test("every program that is started is of a listed package")
  func programs() async throws {
    let packages = try await InstalledPackages()
    let server = try await ServerPrograms.find()
    let (started, ofServer) = Self.startedPrograms()
    #expect(started.isSuperset(of: ["setpriv", "pg_config"]) && ofServer.isSuperset(of: ["initdb", "pg_ctl", "psql"]))
    for name in started {
      let place = try await Command(["sh", "-c", "command -v \"$0\"", name]).run()
      #expect(place.succeeded, "\(name) is not installed")
      #expect(try await packages.cover(place.text.filter { $0 != "\n" }), "\(name)")
    }
    // A server from elsewhere, as CAISSON_PG_BIN may name one, is no package.
    guard server.folder.hasPrefix("/usr/lib/postgresql/") else { return }
    for name in ofServer where ServerFiles.exists(server.path(name)) {
      #expect(try await packages.cover(server.path(name)), "\(name)")
    }
  }

  /// The first words of all argument lists in the sources and the tests' support.
  private static func startedPrograms() -> (found: Set<String>, ofServer: Set<String>) {
    var found: Set<String> = [], ofServer: Set<String> = []
    for file in HouseTree.files(under: "Sources", ending: ".swift") {
      let text = HouseTree.text(file)
      for match in text.matches(of: #/(?:Command|checked|asOwner)\(\s*\[\s*"([a-z][a-z_0-9-]*)"/#) { found.insert(String(match.1)) }
      for match in text.matches(of: #/\.arguments = \["([a-z][a-z_0-9-]*)"/#) { found.insert(String(match.1)) }
      for match in text.matches(of: #/[^a-z]path\("([a-z_]+)"\)/#) { ofServer.insert(String(match.1)) }
    }
    if HouseTree.text("Sources/TestSupport/TestPooler.swift").contains("pgbouncer") { found.insert("pgbouncer") }
    if HouseTree.text("scripts/browser").contains("chromium") { found.insert("chromium") }
    return (found, ofServer)
  }
}

/// The packages of scripts/packages with everything they depend on, and what every Debian has.
private struct InstalledPackages {
  private let names: Set<String>

  init() async throws {
    let list = try await Command(["\(HouseTree.root)/scripts/packages", "list"]).run()
    let format = "${Package}\\t${Essential}\\t${Priority}\\t${Provides}\\t${Pre-Depends}, ${Depends}\\n"
    let database = try await Command(["dpkg-query", "-W", "-f", format], outputLimit: 16 << 20).run()
    var needs: [String: [String]] = [:], wanted = list.text.split(separator: "\n").map(String.init)
    for line in database.text.split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 5 else { continue }
      let depends = fields[4].split { $0 == "," || $0 == "|" }.map(Self.name)
      for name in [fields[0]] + fields[3].split(separator: ",").map(Self.name) { needs[name, default: []] += depends + [fields[0]] }
      if fields[1] == "yes" || fields[2] == "required" { wanted.append(fields[0]) }
    }
    var seen: Set<String> = []
    while let name = wanted.popLast() {
      if seen.insert(name).inserted { wanted += needs[name] ?? [] }
    }
    names = seen
  }

  /// Without version, architecture and spaces.
  private static func name(_ text: some StringProtocol) -> String {
    String(text.drop { $0 == " " }.prefix { $0 != " " && $0 != ":" && $0 != "(" })
  }

  /// True when the file, or what it is a link to, came with one of them. Debian's database has /lib and /usr/lib.
  func cover(_ path: String) async throws -> Bool {
    var forms = [path]
    if let real = realpath(path, nil) {
      defer { free(real) }
      forms.append(String(cString: real))
    }
    forms += forms.filter { $0.hasPrefix("/usr/") }.map { String($0.dropFirst(4)) } + forms.map { "/usr" + $0 }
    let owners = try await Command(["dpkg-query", "-S"] + forms, timeout: .seconds(60)).run().text
    return owners.split(separator: "\n").contains { line in
      line.split(separator: ": ").first.map { $0.split(separator: ", ").contains { names.contains(Self.name($0)) } } ?? false
    }
  }
}
