import CommandLineKit
import Glibc

/// A text file named on the command line; `-` is standard input.
struct SourceFile {
  let text: String

  init(_ path: String) throws {
    let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    let size = 1 << 16
    while true {
      let count = try Self.append(to: &bytes, from: descriptor, atMost: size, path)
      if count == 0 { break }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.usage, "'\(path)' is not UTF-8", hint: "convert it, for example with iconv -t UTF-8")
    }
    self.text = text
  }

  private static func append(
    to bytes: inout [UInt8], from descriptor: Int32, atMost size: Int, _ path: String
  ) throws -> Int {
    let chunk = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let got = read(descriptor, buffer.baseAddress, size)
      if got < 0 { throw unreadable(path) }
      count = got
    }
    bytes += chunk
    return chunk.count
  }

  private static func unreadable(_ path: String) -> CommandFailure {
    CommandFailure(.usage, "cannot read '\(path)': \(String(cString: strerror(errno)))")
  }
}
