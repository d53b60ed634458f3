import CommandLineKit
import Glibc

/// Which environment file a command is about: named itself, or by a folder and `--env`.
enum EnvironmentChoice {
  /// The environment file's path. Whether it is a good one is found when it is read.
  static func path(_ parsed: ParsedCommand) throws -> String {
    let named = parsed.argument(.environment), environment = parsed.value(.environment)
    guard named != nil || environment != nil else {
      throw parsed.usageError("name an environment file, or one in this folder with --env")
    }
    let path = named ?? "."
    switch FileKind(path) {
    case .folder:
      guard let environment else {
        throw parsed.usageError("'\(path)' is a folder: say which environment with --env", suggestion: only(in: path))
      }
      return try file(environment, in: path, parsed)
    case .file:
      guard environment == nil else { throw parsed.usageError("--env goes with a folder, and '\(path)' is a file") }
      return path
    case .missing:
      throw parsed.usageError("there is no file or folder '\(path)'")
    }
  }

  private static func file(_ name: String, in folder: String, _ parsed: ParsedCommand) throws -> String {
    let prefix = folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    let candidates = ["\(prefix)\(name).yaml", "\(prefix)\(name).yml"]
    if let found = candidates.first(where: { FileKind($0) == .file }) { return found }
    let others = FileKind.yamlFiles(in: folder).joined(separator: ", ")
    throw parsed.usageError("there is no '\(candidates[0])'" + (others.isEmpty ? "" : "; the folder has \(others)"))
  }

  private static func only(in folder: String) -> String? {
    let names = FileKind.yamlFiles(in: folder).filter { $0 != "plan.yaml" && $0 != "plan.yml" }
    return names.count == 1 ? "--env \(names[0].prefix { $0 != "." })" : nil
  }
}

/// What a path leads to.
enum FileKind: Equatable {
  case file, folder, missing

  init(_ path: String) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      self = .missing
      return
    }
    self = information.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  /// Names of the YAML files in a folder, sorted.
  static func yamlFiles(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { names.append(name) }
    }
    return names.sorted()
  }
}
