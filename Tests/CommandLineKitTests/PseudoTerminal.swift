import Dispatch
import Glibc
import Synchronization
import Testing

@testable import CommandLineKit

/// A terminal without a screen: what is written to `terminal` can be read back.
final class PseudoTerminal: Sendable {
  let terminal: Terminal
  private let controller: Int32
  private let written = Mutex<[UInt8]>([])
  private let reader = DispatchQueue(label: "pseudo-terminal")

  init(columns: UInt16, rows: UInt16) throws {
    controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // What grantpt, unlockpt and ptsname do; those are not imported.
    var locked: CInt = 0, number: CInt = 0
    try #require(ioctl(controller, 0x4004_5431, &locked) == 0 && ioctl(controller, 0x8004_5430, &number) == 0)
    let far = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(far >= 0)
    terminal = Terminal(descriptor: far) { ["TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1"][$0] }
    resize(columns: columns, rows: rows)
    reader.async { self.read() }
  }

  func resize(columns: UInt16, rows: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
  }

  /// Everything written, after the far end has been closed.
  func close() -> String {
    Glibc.close(terminal.descriptor)
    reader.sync {}
    Glibc.close(controller)
    return String(decoding: written.withLock { $0 }, as: UTF8.self)
  }

  private func read() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(controller, &buffer, buffer.count)
      if count <= 0 { return }
      written.withLock { $0 += buffer[..<count] }
    }
  }
}

/// As much of a terminal as the progress screen uses.
struct Screen {
  private(set) var lines: [[Character]] = [[]]
  private(set) var isCursorShown = true
  private(set) var widest = 0
  private var row = 0
  private var column = 0

  /// The rows without trailing spaces and empty rows.
  var text: [String] {
    var rows = lines.map { String($0) }
    while rows.last?.isEmpty == true { rows.removeLast() }
    return rows
  }

  mutating func show(_ text: String) {
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\r": column = 0
      case "\n": (row, column) = (row + 1, 0)
      case "\u{1B}":
        let sequence = rest.prefix { !("A"..."Z").contains($0) && !("a"..."z").contains($0) }
        rest = rest.dropFirst(sequence.count)
        if let final = rest.popFirst() { obey(String(String.UnicodeScalarView(sequence.dropFirst())), final) }
      default: put(Character(scalar))
      }
      while lines.count <= row { lines.append([]) }
    }
  }

  private mutating func obey(_ parameter: String, _ final: Unicode.Scalar) {
    switch (final, parameter) {
    case ("A", _): row -= Int(parameter) ?? 1
    case ("K", _): lines[row].removeSubrange(min(column, lines[row].count)...)
    case ("J", _):
      lines[row].removeSubrange(min(column, lines[row].count)...)
      lines.removeSubrange((row + 1)...)
    case ("l", "?25"): isCursorShown = false
    case ("h", "?25"): isCursorShown = true
    default: Issue.record("unknown sequence \(parameter)\(final)")
    }
    if row < 0 { Issue.record("above the first row") }
    row = max(0, row)
  }

  private mutating func put(_ character: Character) {
    while lines[row].count <= column { lines[row].append(" ") }
    lines[row][column] = character
    column += 1
    widest = max(widest, column)
  }
}
