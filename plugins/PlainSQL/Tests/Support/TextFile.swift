import FoundationEssentials
import Glibc
import Testing

/// A file of the source tree that a test keeps up to date; CAISSON_RECORD=1 writes it.
enum TextFile {
  static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  static func compare(_ text: String, with kept: String, at path: String) throws {
    if getenv("CAISSON_RECORD") != nil {
      try text.write(toFile: path, atomically: false, encoding: .utf8)
    } else {
      #expect(text == kept, "\(path) is out of date: CAISSON_RECORD=1 writes it")
    }
  }
}
