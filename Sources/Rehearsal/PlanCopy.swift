import Engine
import FoundationEssentials
import Glibc

/// A scratch copy of the plan's folder, for steps that read or write files there.
enum PlanCopy {
  /// A plan's folder holds a plan, not a home directory.
  private static let most = 64 << 20

  static func make(of folder: String, in place: String) throws -> String {
    let copy = place + "/plan"
    guard mkdir(copy, 0o700) == 0 || errno == EEXIST else {
      throw EngineError(.failed, "cannot make \(copy): \(String(cString: strerror(errno)))")
    }
    var bytes = 0
    try fill(copy, from: folder.isEmpty ? "." : folder, &bytes)
    return copy
  }

  private static func fill(_ copy: String, from start: String, _ bytes: inout Int) throws {
    for path in try FileManager.default.contentsOfDirectory(atPath: start) where !path.hasPrefix(".") {
      var about = stat()
      // A link is followed to what the plan would read.
      guard stat("\(start)/\(path)", &about) == 0 else { continue }
      if about.st_mode & S_IFMT == S_IFDIR {
        mkdir("\(copy)/\(path)", about.st_mode & 0o700)
        try fill("\(copy)/\(path)", from: "\(start)/\(path)", &bytes)
      } else if about.st_mode & S_IFMT == S_IFREG {
        bytes += Int(about.st_size)
        guard bytes <= most else {
          throw EngineError(
            .refused, "the plan's folder holds more than 64 MB, which a rehearsal would copy",
            hint: "give the plan a folder of its own")
        }
        try copyFile("\(start)/\(path)", to: "\(copy)/\(path)")
      }
    }
  }

  private static func copyFile(_ path: String, to copy: String) throws {
    do { try FileManager.default.copyItem(atPath: path, toPath: copy) } catch {
      throw EngineError(.unusable, "cannot copy \(path) for the rehearsal", hint: "make it readable")
    }
  }
}
