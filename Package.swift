// swift-tools-version: 6.2
import PackageDescription

/// One line per plugin: the folder under plugins/ has Sources/, Tests/, README.md and examples/.
let builtins = [
  "ConcurrentIndex",
  "GDPR",
  "Gates",
  "MaterializedView",
  "PartitionSwap",
  "PgBouncer",
  "PlainSQL",
]

let common: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  // Debug builds: a module is compiled in one piece (everything from nothing in 291 s on two cores; with the libraries file
  // by file in 330), and the compiler need not check its own output.
  .unsafeFlags(
    ["-whole-module-optimization", "-num-threads", "2", "-Xfrontend", "-disable-llvm-verify"], .when(configuration: .debug)),
]
// Tests may use members of whatever their target depends on. Nobody imports them: no module is emitted.
let testSettings = common + [.unsafeFlags(["-no-emit-module-separately-wmo"], .when(configuration: .debug))]
// Reading parameters is generic code of one module used with the types of another: specialised, it takes half the time.
let settings =
  common + [
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  ]

// Reading text is most of what a command does by itself: not optimised, the suite's commands spend a third of their time so.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]
let reading = settings + optimised

func library(
  _ name: String, _ dependencies: [String], path: String? = nil, settings: [SwiftSetting] = settings
) -> Target {
  .target(
    name: name, dependencies: dependencies.map { .target(name: $0) },
    path: path ?? "Sources/\(name)", swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [String], path: String? = nil, settings: [SwiftSetting] = testSettings
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies.map { .target(name: $0) },
    path: path ?? "Tests/\(name)Tests", swiftSettings: settings)
}

let plugins = builtins.flatMap {
  [
    library($0, ["JSONText", "PluginAPI", "OnlineDDL", "PlanSchema", "Catalog", "SQLText", "YAMLTree"], path: "plugins/\($0)/Sources"),
    tests($0, [$0, "TestSupport", "JSONText", "PluginAPI", "PlanSchema", "Catalog", "SQLText", "YAMLTree", "PostgresClient"], path: "plugins/\($0)/Tests"),
  ]
}

let package = Package(
  name: "Caisson",
  products: [.executable(name: "caisson", targets: ["caisson"])],
  targets: [
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPgQuery", providers: [.apt(["libpg-query-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    library("JSONText", [], settings: reading),
    library("YAMLTree", ["CYAML"], settings: reading),
    library("SQLText", ["CPgQuery", "JSONText"], settings: reading),
    library("Digest", ["CCrypto"]),
    library("ChildProcess", []),
    library("CommandLineKit", []),
    library("PlanSchema", ["JSONText", "YAMLTree", "SQLText"], settings: reading),
    library("Catalog", ["JSONText", "SQLText"]),
    library("PostgresClient", ["CPostgres", "SQLText"]),
    library("PlanModel", ["JSONText", "PlanSchema", "YAMLTree", "SQLText", "Digest", "PluginAPI"]),
    library("PluginAPI", ["JSONText", "PlanSchema", "Catalog", "SQLText", "YAMLTree"]),
    library("OnlineDDL", ["PluginAPI", "PlanSchema", "Catalog", "SQLText", "JSONText"]),
    library("Lint", ["JSONText", "PluginAPI", "SQLText", "YAMLTree"]),
    library("RunModel", ["JSONText", "PluginAPI"], settings: reading),
    library("Journal", ["JSONText", "RunModel", "PluginAPI", "PostgresClient", "SQLText"]),
    library("Engine", ["JSONText", "PlanModel", "PlanSchema", "PluginAPI", "Catalog", "SQLText", "YAMLTree", "Lint",
                       "RunModel", "Journal", "PostgresClient", "ChildProcess", "Digest"]),
    library("Rollout", ["JSONText", "PlanModel", "PlanSchema", "PluginAPI", "YAMLTree", "Engine", "RunModel"]),
    library("Sandbox", ["PostgresClient", "ChildProcess", "SQLText"]),
    library("Rehearsal", ["JSONText", "PlanModel", "PlanSchema", "PluginAPI", "Catalog", "SQLText", "Engine", "Journal",
                          "Sandbox", "PostgresClient", "ChildProcess"]),
    library("Report", ["JSONText", "SQLText", "Digest", "CommandLineKit", "PluginAPI", "RunModel", "Journal", "PostgresClient"]),
    .target(
      name: "BuiltinPlugins", dependencies: (["PluginAPI"] + builtins).map { .target(name: $0) },
      path: "Sources/BuiltinPlugins", swiftSettings: settings, plugins: ["RegistryGenerator"]),
    .plugin(name: "RegistryGenerator", capability: .buildTool(), path: "Sources/RegistryGenerator"),
    .executableTarget(
      name: "caisson",
      dependencies: ["JSONText", "CommandLineKit", "PlanModel", "Engine", "Journal", "RunModel", "PluginAPI",
                     "PostgresClient", "PlanSchema", "SQLText", "YAMLTree", "Sandbox", "Lint", "Digest", "ChildProcess",
                     "Rollout", "Rehearsal", "Report", "Catalog", "BuiltinPlugins"],
      path: "Sources/caisson", swiftSettings: settings),

    library("TestSupport", ["JSONText", "YAMLTree", "SQLText", "PlanSchema", "Catalog", "PluginAPI", "PostgresClient", "ChildProcess", "Sandbox",
                            "PlanModel", "Engine", "Journal", "RunModel", "Lint"]),
    // The engine with the tests' own step kind, for tests that kill it.
    .executableTarget(
      name: "caisson-test",
      dependencies: ["BuiltinPlugins", "Engine", "PlanModel", "PluginAPI", "PostgresClient", "TestSupport"],
      path: "Tests/CaissonTest", swiftSettings: testSettings),
    tests("JSONText", ["JSONText"]),
    tests("YAMLTree", ["YAMLTree"]),
    tests("SQLText", ["SQLText", "JSONText"]),
    tests("Digest", ["Digest"]),
    tests("ChildProcess", ["ChildProcess"]),
    tests("CommandLineKit", ["CommandLineKit"]),
    tests("PlanSchema", ["PlanSchema", "YAMLTree", "SQLText", "JSONText"]),
    tests("Catalog", ["Catalog", "TestSupport", "PostgresClient", "SQLText"]),
    tests("PostgresClient", ["PostgresClient", "TestSupport", "SQLText"]),
    tests("PlanModel", ["PlanModel", "PlanSchema", "PluginAPI", "YAMLTree", "SQLText", "JSONText"]),
    tests("PluginAPI", ["PluginAPI", "JSONText"]),
    tests("OnlineDDL", ["OnlineDDL", "TestSupport", "PluginAPI", "PostgresClient"]),
    tests("Lint", ["Lint", "TestSupport", "PluginAPI", "PlanSchema", "PostgresClient", "SQLText"]),
    // A simulation of ten thousand runs: optimised, in a tenth of the time.
    tests("RunModel", ["RunModel", "JSONText", "PluginAPI"], settings: testSettings + optimised),
    tests("Journal", ["Journal", "RunModel", "TestSupport", "JSONText"]),
    tests("Engine", ["Engine", "BuiltinPlugins", "TestSupport", "JSONText", "Journal", "RunModel", "SQLText", "PlanModel",
                     "PluginAPI", "PostgresClient", "PlanSchema", "Sandbox", "ChildProcess", "Digest"]),
    tests("Rollout", ["Rollout", "BuiltinPlugins", "PlanModel", "PlanSchema", "PluginAPI", "JSONText"]),
    tests("Report", ["Report", "TestSupport", "RunModel", "CommandLineKit"]),
    tests("Sandbox", ["Sandbox", "TestSupport", "ChildProcess", "PostgresClient", "SQLText"]),
    tests("caisson", ["caisson", "CommandLineKit", "JSONText", "Engine", "PlanSchema", "PluginAPI", "PostgresClient",
                      "Sandbox", "YAMLTree", "ChildProcess", "PlanModel", "Lint", "SQLText", "Journal"]),
    tests("EndToEnd", ["TestSupport", "ChildProcess", "JSONText", "SQLText", "PostgresClient", "Sandbox", "PluginAPI",
                       "PlanSchema"]),
  ] + plugins,
  swiftLanguageModes: [.v6])
