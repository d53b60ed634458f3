import FoundationEssentials
import Glibc

/// A folder that steps write records into, one file each, and read all of.
package struct RecordFolder: Sendable {
  private let path: String

  /// Relative to the plan's folder.
  package init(_ path: String, under folder: String) { self.path = path.hasPrefix("/") ? path : "\(folder)/\(path)" }

  /// Texts by name of the files whose names end so.
  package func texts(ending suffix: String) throws -> [String: String] {
    guard let handle = opendir(path) else { throw failure(path) }
    defer { closedir(handle) }
    var texts: [String: String] = [:]
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasSuffix(suffix), !name.hasPrefix(".") else { continue }
      do { texts[name] = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) } catch {
        throw EngineError(.unusable, "\(path)/\(name) cannot be read", hint: "nothing is decided without it: make it readable")
      }
    }
    return texts
  }

  private func failure(_ path: String) -> EngineError {
    EngineError(.unusable, "the folder \(path) cannot be read: \(String(cString: strerror(errno)))")
  }
}
