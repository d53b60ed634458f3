import FoundationEssentials
import Glibc
import JSONText
import PluginAPI

/// Where the files of an export stand: the finished ones, and the partial ones beside them until all are written.
struct ExportLayout {
  /// Absolute.
  let path: String
  let isFolder: Bool

  init(_ work: ExportWork, folder: String) {
    path = work.path.hasPrefix("/") ? work.path : "\(folder)/\(work.path)"
    isFolder = work.isFolder
  }

  /// The folder, or the one file, while it is being written.
  var partial: String { "\(path).caisson-partial" }
  var manifest: String { isFolder ? "\(path)/manifest.json" : "\(path).manifest.json" }
  var partialManifest: String { isFolder ? "\(partial)/manifest.json" : "\(path).manifest.json.caisson-partial" }

  /// What `sha256sum -c` reads, in a folder.
  var sums: String { "\(path)/\(Self.sumsName)" }
  static let sumsName = "SHA256SUMS"

  static func fileName(_ query: String, _ format: ExportWork.Format) -> String { "\(query).\(format.rawValue)" }

  /// A file of the manifest, finished.
  func finished(_ name: String) -> String { isFolder ? "\(path)/\(name)" : path }

  var isThere: Bool { exists(path) || exists(manifest) }

  // MARK: Publishing

  /// Makes what is written durable and gives it its name: a folder at once, a file before its manifest.
  func publish() throws {
    if isFolder {
      try Self.flush(folder: partial)
      guard rename(partial, path) == 0 else { throw AtomicFile.failure("rename", partial) }
    } else {
      guard rename(partial, path) == 0 else { throw AtomicFile.failure("rename", partial) }
      guard rename(partialManifest, manifest) == 0 else { throw AtomicFile.failure("rename", partialManifest) }
    }
    try Self.flush(folder: parent)
  }

  private var parent: String {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return folder.isEmpty ? "/" : folder
  }

  private static func flush(folder: String) throws {
    let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { throw AtomicFile.failure("open", folder) }
    defer { close(handle) }
    guard fsync(handle) == 0 else { throw AtomicFile.failure("flush", folder) }
  }

  // MARK: Cleaning up

  /// Removes what an unfinished try left, a file that had its name before its manifest included.
  func removePartial() throws {
    if !isFolder, let manifest = try? ExportManifest(reading: partialManifest), let file = manifest.files.first,
      !exists(self.manifest), exists(path), try ExportManifest.digest(of: path) == file.sha256
    {
      try Self.remove(path)
    }
    if isFolder {
      for name in Self.names(in: partial) { try Self.remove("\(partial)/\(name)") }
      if rmdir(partial) != 0, errno != ENOENT { throw AtomicFile.failure("remove", partial) }
    } else {
      try Self.remove(partial)
      try Self.remove(partialManifest)
    }
  }

  static func remove(_ path: String) throws {
    if unlink(path) != 0, errno != ENOENT { throw AtomicFile.failure("remove", path) }
  }

  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
