import Glibc

/// Reads one stream of a child: keeps the beginning, hands out lines.
struct OutputCollector {
  let file: CInt
  private let stream: OutputStream
  private let limit: Int
  private let onLine: (@Sendable (OutputStream, String) -> Void)?
  private var partial: [UInt8] = []
  private(set) var kept: [UInt8] = []
  private(set) var truncated = false
  private(set) var ended = false

  init(_ file: CInt, _ stream: OutputStream, _ command: Command) {
    self.file = file
    self.stream = stream
    limit = command.outputLimit
    onLine = command.onLine
    Descriptors.setNonblocking(file)
  }

  /// Takes what is there now.
  mutating func readAvailable() {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while !ended {
      let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return }
      if count <= 0 { return ended = true }
      take(buffer[..<count])
    }
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>) {
    let room = limit - kept.count
    kept += bytes.prefix(max(0, room))
    if bytes.count > room { truncated = true }
    guard onLine != nil else { return }
    partial += bytes
    while let end = partial.firstIndex(of: 10) {
      deliver(partial[..<end])
      partial.removeSubrange(...end)
    }
    if partial.count > 1 << 20 { flushLine() }
  }

  /// The last line may lack its newline.
  mutating func flushLine() {
    if !partial.isEmpty { deliver(partial[...]) }
    partial = []
  }

  private func deliver(_ line: ArraySlice<UInt8>) { onLine?(stream, String(decoding: line, as: UTF8.self)) }
}
