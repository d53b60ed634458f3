// swift-tools-version: 6.2
import PackageDescription

/// The reader of plans under libFuzzer. A package of its own: its modules are instrumented, and libFuzzer brings the
/// main function. `Modules` is a link to the sources of the product. Run by scripts/fuzz.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-sanitize=fuzzer,address"]),
]

func library(_ name: String, _ dependencies: [String]) -> Target {
  .target(
    name: name, dependencies: dependencies.map { .target(name: $0) }, path: "Modules/\(name)", swiftSettings: settings)
}

let package = Package(
  name: "Fuzz",
  targets: [
    .systemLibrary(name: "CYAML", path: "Modules/CYAML", pkgConfig: "yaml-0.1"),
    .systemLibrary(name: "CPgQuery", path: "Modules/CPgQuery"),
    .systemLibrary(name: "CCrypto", path: "Modules/CCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CFuzzer", path: "CFuzzer"),
    library("JSONText", []),
    library("YAMLTree", ["CYAML"]),
    library("SQLText", ["CPgQuery", "JSONText"]),
    library("Digest", ["CCrypto"]),
    library("PlanSchema", ["JSONText", "YAMLTree", "SQLText"]),
    library("Catalog", ["JSONText", "SQLText"]),
    library("PluginAPI", ["JSONText", "PlanSchema", "Catalog", "SQLText", "YAMLTree"]),
    library("PlanModel", ["JSONText", "PlanSchema", "YAMLTree", "SQLText", "Digest", "PluginAPI"]),
    .executableTarget(
      name: "PlanFuzzer",
      dependencies: ["CFuzzer", "PlanModel", "PlanSchema", "PluginAPI", "YAMLTree", "JSONText", "SQLText"],
      path: "PlanFuzzer", swiftSettings: settings,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6])
