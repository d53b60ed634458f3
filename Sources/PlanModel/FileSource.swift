/// Where plans come from: the disk, or memory in tests.
package protocol FileSource: Sendable {
  /// The bytes of a file the user named.
  func content(of path: String) throws(FileProblem) -> [UInt8]
  /// The bytes of a file that must lie under a folder, links resolved.
  func content(of path: String, under folder: String) throws(FileProblem) -> [UInt8]
  /// The names in a folder; `nil` when it is none.
  func names(in folder: String) -> [String]?
  /// Why a file with a secret cannot be used; `nil` when it can.
  func problem(withSecret path: String, under folder: String) -> String?
  /// The value of an environment variable.
  func variable(_ name: String) -> String?
}

/// Why a file cannot be read.
package struct FileProblem: Error, Sendable, Hashable {
  package let code: String
  package let reason: String

  package init(_ code: String, _ reason: String) {
    self.code = code
    self.reason = reason
  }
}

/// Files that exist only in memory.
package struct MemoryFiles: FileSource {
  package var files: [String: [UInt8]]
  package var environment: [String: String]

  package init(_ files: [String: [UInt8]], environment: [String: String] = [:]) {
    self.files = files
    self.environment = environment
  }

  package func content(of path: String) throws(FileProblem) -> [UInt8] {
    guard let bytes = files[path] else { throw FileProblem("file.missing", "No such file or directory") }
    return bytes
  }

  package func content(of path: String, under folder: String) throws(FileProblem) -> [UInt8] {
    try content(of: FilePath.join(folder, path))
  }

  package func names(in folder: String) -> [String]? {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let names = files.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    return names.isEmpty ? nil : names.filter { !$0.contains("/") }.sorted()
  }

  package func problem(withSecret path: String, under folder: String) -> String? {
    files[FilePath.join(folder, path)] == nil ? "No such file or directory" : nil
  }

  package func variable(_ name: String) -> String? { environment[name] }
}

/// Paths as text.
package enum FilePath {
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  package static func join(_ folder: String, _ path: String) -> String {
    if path.hasPrefix("/") || folder == "." { return path }
    return folder.hasSuffix("/") ? folder + path : folder + "/" + path
  }
}
