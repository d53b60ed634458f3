internal import Glibc
internal import PlanSchema

/// The files of this machine.
package struct DiskFiles: FileSource {
  private static let limit = 64 << 20

  package init() {}

  package func content(of path: String) throws(FileProblem) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw DiskFiles.problem(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DiskFiles.problem(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem("file.kind", "not a regular file") }
    guard status.st_size <= DiskFiles.limit else { throw FileProblem("file.too_large", "larger than 64MB") }
    return try DiskFiles.bytes(of: descriptor)
  }

  private static func bytes(of descriptor: Int32) throws(FileProblem) -> [UInt8] {
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while out.count <= limit {
      let got = read(descriptor, &buffer, buffer.count)
      if got == 0 { return out }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw problem(errno) }
      out += buffer[..<got]
    }
    throw FileProblem("file.too_large", "larger than 64MB")
  }

  private static func problem(_ code: Int32) -> FileProblem {
    FileProblem(code == ENOENT ? "file.missing" : "file.unreadable", String(cString: strerror(code)))
  }

  package func content(of path: String, under folder: String) throws(FileProblem) -> [UInt8] {
    guard let root = DiskFiles.real(folder) else { throw DiskFiles.problem(errno) }
    guard let file = DiskFiles.real(FilePath.join(folder, path)) else { throw DiskFiles.problem(errno) }
    guard file.hasPrefix(root == "/" ? root : root + "/") else {
      throw FileProblem("file.outside", "a link leads out of the plan's folder")
    }
    return try content(of: file)
  }

  private static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  package func names(in folder: String) -> [String]? {
    guard let directory = opendir(folder) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  package func problem(withSecret path: String, under folder: String) -> String? {
    do {
      _ = try SecretFile.content(of: path, under: folder)
      return nil
    } catch {
      return error.reason
    }
  }

  package func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
