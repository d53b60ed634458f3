import FoundationEssentials
import PackagePlugin

/// Writes the list of built-in plugins from the dependencies of the target that uses it: those under plugins/.
@main struct RegistryGenerator: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let names = target.dependencies.compactMap { dependency -> String? in
      guard case .target(let module) = dependency, module.directoryURL.path.contains("/plugins/") else { return nil }
      return module.name
    }.sorted()
    let output = context.pluginWorkDirectoryURL.appending(path: "Registry.swift")
    let imports = names.map { "import \($0)" }
    let list = names.map { "    \($0)Plugin.self," }
    let text = (imports + ["package import PluginAPI", "", "extension StepRegistry {", "  package static let builtin = StepRegistry(["]
      + list + ["  ])", "}", ""]).joined(separator: "\\n")
    return [
      .buildCommand(
        displayName: "Listing \(names.count) plugins", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", "printf '\(text)' > '\(output.path)'"], inputFiles: [], outputFiles: [output])
    ]
  }
}
