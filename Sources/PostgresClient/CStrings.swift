import Glibc

extension String {
  /// Looked for by the C library: a debug build calls functions for each byte of a view.
  var hasZeroByte: Bool {
    let found = utf8.withContiguousStorageIfAvailable { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    }
    return found ?? utf8.contains(0)
  }
}

/// The strings as libpq wants its parameters, valid during `body`; one buffer holds them all.
func withCStrings<Value>(
  _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
) -> Value {
  guard !strings.isEmpty else { return body(nil) }
  var bytes: [CChar] = []
  let offsets = strings.map { string -> Int? in
    guard let string else { return nil }
    let start = bytes.count
    string.withCString { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: string.utf8.count + 1)) }
    return start
  }
  return bytes.withUnsafeBufferPointer { buffer in
    offsets.map { offset in offset.flatMap { start in buffer.baseAddress.map { $0 + start } } }
      .withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
