import Glibc
import JSONText
import TestSupport
import Testing

@Suite struct HouseFilesTests {
  private static let plugins = HouseTree.folders(in: "plugins")

  @Test("the folders under plugins/ are the lines of Package.swift")
  func list() throws {
    let package = HouseTree.text("Package.swift")
    let list = try #require(package.firstMatch(of: #/let builtins = \[([^\]]*)\]/#))
    #expect(list.1.matches(of: #/"([A-Za-z]+)"/#).map { String($0.1) } == Self.plugins)
  }

  @Test("a plugin has sources, tests, a README and examples", arguments: plugins)
  func parts(plugin: String) {
    for part in ["Sources/\(plugin)Plugin.swift", "README.md"] {
      #expect(!HouseTree.text("plugins/\(plugin)/\(part)").isEmpty, "\(part)")
    }
    #expect(!HouseTree.files(under: "plugins/\(plugin)/Tests", ending: "Tests.swift").isEmpty)
    #expect(!HouseTree.files(under: "plugins/\(plugin)/examples", ending: ".yaml").isEmpty)
  }

  @Test("the program names every plugin, and every step of it stands in the plugin's README")
  func registry() async throws {
    let listing = try await runCaisson(["plugins", "--output", "json"])
    #expect(listing.exit == 0, "\(listing.stderr)")
    for plugin in Self.plugins { #expect(listing.stdout.contains("\"\(plugin)\""), "\(plugin)") }
    let readmes = Self.plugins.map { HouseTree.text("plugins/\($0)/README.md") }
    let kinds = Set(listing.stdout.matches(of: #/"([a-z]+\.[a-z_]+)"/#).map { String($0.1) })
    #expect(kinds.count >= 6)
    for kind in kinds { #expect(readmes.contains { $0.contains("## \(kind)") }, "\(kind)") }
  }

  @Test("no file names a place on one machine, or leaves work for later")
  func words() {
    // Written apart, so that this file does not hold them.
    let words = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "TO" + "DO", "FIX" + "ME", "XX" + "X "]
    for file in HouseTree.files() where !file.hasSuffix(".png") {
      let text = HouseTree.text(file)
      for word in words { #expect(strstr(text, word) == nil, "\(file): \(word)") }
    }
  }

  @Test("files stay short enough to be read at one go")
  func sizes() {
    let sources = HouseTree.files(under: "Sources", ending: ".swift") + HouseTree.files(under: "plugins", ending: ".swift")
    let lengths = sources.map { file in (file, HouseTree.text(file).utf8.count { $0 == UInt8(ascii: "\n") }) }
    for (file, length) in lengths { #expect(length <= 350, "\(file) has \(length) lines") }
    #expect(lengths.map(\.1).sorted()[lengths.count / 2] <= 120)
  }

  @Test("every room of ARCHITECTURE.md is there, and every folder has its room")
  func rooms() {
    let text = HouseTree.text("ARCHITECTURE.md")
    for folder in HouseTree.folders(in: "Sources") + Self.plugins { #expect(text.contains("`\(folder)`"), "\(folder)") }
  }

  @Test("links between the documents lead somewhere")
  func links() {
    for file in HouseTree.files(ending: ".md") {
      let folder = file.split(separator: "/").dropLast().joined(separator: "/")
      for match in HouseTree.text(file).matches(of: #/\]\(([^)#\s]+)(?:#[^)]*)?\)/#) {
        let target = String(match.1)
        if target.contains("://") { continue }
        #expect(HouseTree.exists(folder.isEmpty ? target : "\(folder)/\(target)"), "\(file): \(target)")
      }
    }
  }
}
