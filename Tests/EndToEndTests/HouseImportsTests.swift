import Testing

/// The arrows between the modules, as ARCHITECTURE.md draws them: what a folder may import.
@Suite struct HouseImportsTests {
  private static let platform: Set = ["Glibc", "Dispatch", "Synchronization", "FoundationEssentials"]
  private static let toPlugins: Set = ["JSONText", "PluginAPI", "OnlineDDL", "PlanSchema", "Catalog", "SQLText", "YAMLTree"]

  private static let arrows: [String: Set<String>] = [
    "JSONText": [], "ChildProcess": [], "CommandLineKit": [],
    "YAMLTree": ["CYAML"],
    "SQLText": ["CPgQuery", "JSONText"],
    "Digest": ["CCrypto"],
    "PlanSchema": ["JSONText", "YAMLTree", "SQLText"],
    "Catalog": ["JSONText", "SQLText"],
    "PostgresClient": ["CPostgres", "SQLText"],
    "PluginAPI": ["JSONText", "PlanSchema", "Catalog", "SQLText", "YAMLTree"],
    "PlanModel": ["JSONText", "PlanSchema", "YAMLTree", "SQLText", "Digest", "PluginAPI"],
    "OnlineDDL": ["JSONText", "PluginAPI", "PlanSchema", "Catalog", "SQLText"],
    "Lint": ["JSONText", "PluginAPI", "SQLText", "YAMLTree"],
    "RunModel": ["JSONText", "PluginAPI"],
    "Journal": ["JSONText", "RunModel", "PluginAPI", "PostgresClient", "SQLText"],
    "Engine": [
      "JSONText", "PlanModel", "PlanSchema", "PluginAPI", "Catalog", "SQLText", "YAMLTree", "Lint", "RunModel",
      "Journal", "PostgresClient", "ChildProcess", "Digest",
    ],
    "Rollout": ["JSONText", "PlanModel", "PlanSchema", "PluginAPI", "YAMLTree", "Engine", "RunModel"],
    "Report": ["JSONText", "SQLText", "Digest", "CommandLineKit", "PluginAPI", "RunModel", "Journal", "PostgresClient"],
    "Sandbox": ["PostgresClient", "ChildProcess", "SQLText"],
    "Rehearsal": [
      "JSONText", "PlanModel", "PlanSchema", "PluginAPI", "Catalog", "SQLText", "Engine", "Journal", "Sandbox",
      "PostgresClient", "ChildProcess",
    ],
    "BuiltinPlugins": ["PluginAPI"],
    "RegistryGenerator": ["Foundation", "PackagePlugin"],
    "caisson": [
      "JSONText", "CommandLineKit", "PlanModel", "Engine", "Journal", "RunModel", "PluginAPI", "PostgresClient",
      "PlanSchema", "SQLText", "YAMLTree", "Sandbox", "Lint", "Digest", "ChildProcess", "Rollout", "Rehearsal", "Catalog",
      "Report", "BuiltinPlugins",
    ],
    "TestSupport": [
      "Testing", "JSONText", "YAMLTree", "SQLText", "PlanSchema", "Catalog", "PluginAPI", "PostgresClient",
      "ChildProcess", "Sandbox", "PlanModel", "Engine", "Journal", "Lint", "RunModel",
    ],
  ]

  @Test("a folder of Sources imports what its arrows allow, and nothing else", arguments: HouseTree.folders(in: "Sources"))
  func sources(folder: String) throws {
    let files = HouseTree.files(under: "Sources/\(folder)", ending: ".swift")
    if files.isEmpty {
      #expect(folder.hasPrefix("C"), "\(folder) holds nothing")
      return
    }
    let allowed = try #require(Self.arrows[folder], "\(folder) has no arrows").union(Self.platform)
    for file in files { #expect(Set(HouseTree.imports(file)).subtracting(allowed) == [], "\(file)") }
  }

  @Test("the arrows name no folder that is gone")
  func arrowsAreCurrent() {
    #expect(Set(Self.arrows.keys).subtracting(HouseTree.folders(in: "Sources")) == [])
  }

  @Test("a plugin sees values and questions: no journal, no engine, no connection, no other plugin",
        arguments: HouseTree.folders(in: "plugins"))
  func plugin(name: String) {
    let files = HouseTree.files(under: "plugins/\(name)/Sources", ending: ".swift")
    #expect(!files.isEmpty)
    for file in files {
      #expect(Set(HouseTree.imports(file)).subtracting(Self.toPlugins.union(Self.platform)) == [], "\(file)")
    }
  }

  @Test("a C library is imported by one module only", arguments: [
    ("CPostgres", "Sources/PostgresClient/"), ("CYAML", "Sources/YAMLTree/"), ("CPgQuery", "Sources/SQLText/"),
    ("CCrypto", "Sources/Digest/"),
  ])
  func libraries(module: String, home: String) {
    let files = HouseTree.files(ending: ".swift").filter { HouseTree.imports($0).contains(module) }
    #expect(!files.isEmpty && files.allSatisfy { $0.hasPrefix(home) }, "\(files)")
  }

  @Test("nothing imports the whole of Foundation, which is four times the binary")
  func foundation() {
    let files = HouseTree.files(ending: ".swift").filter { HouseTree.imports($0).contains("Foundation") }
    #expect(files == [])
  }

  @Test("there is one test framework")
  func framework() {
    #expect(HouseTree.files(ending: ".swift").filter { HouseTree.imports($0).contains("XCTest") } == [])
  }
}
