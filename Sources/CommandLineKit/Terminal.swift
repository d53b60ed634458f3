import Glibc

/// What is known about the far end of a file descriptor.
package struct Terminal: Sendable {
  package let descriptor: Int32
  /// Whether a person is watching.
  package let isTerminal: Bool
  /// Whether the cursor can be moved and text coloured.
  package let isCapable: Bool
  package let palette: Palette
  /// Whether characters beyond ASCII can be shown.
  package let hasUTF8: Bool

  /// Looks at a descriptor and the environment: `NO_COLOR`, `TERM`, the locale.
  package init(
    descriptor: Int32, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
  ) {
    self.init(descriptor: descriptor, isTerminal: isatty(descriptor) == 1, environment: environment)
  }

  init(descriptor: Int32, isTerminal: Bool, environment: (String) -> String?) {
    let kind = environment("TERM") ?? ""
    let isMute = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    self.descriptor = descriptor
    self.isTerminal = isTerminal
    isCapable = isTerminal && !kind.isEmpty && kind != "dumb"
    palette = Palette(enabled: isCapable && !isMute)
    hasUTF8 = Self.speaksUTF8(environment)
  }

  package static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
  package static let standardError = Terminal(descriptor: STDERR_FILENO)

  /// Columns and rows now; asked again at each drawing, so a resize needs no signal.
  package var size: (columns: Int, rows: Int) {
    var window = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0 {
      return (Int(window.ws_col), max(Int(window.ws_row), 2))
    }
    return (getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 80, 24)
  }

  private static func speaksUTF8(_ environment: (String) -> String?) -> Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty }
    let name = (locale ?? "").uppercased()
    return name.hasSuffix("UTF-8") || name.hasSuffix("UTF8")
  }
}

/// The few styles in use, each with its terminal code.
package enum Style: Int, Sendable {
  case bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36
}

/// Styles text, or leaves it alone where colour is not wanted.
package struct Palette: Sendable {
  package let enabled: Bool

  package init(enabled: Bool) { self.enabled = enabled }

  /// Leaves all text alone.
  package static let plain = Palette(enabled: false)

  /// The text in the given styles.
  package func callAsFunction(_ text: String, _ styles: Style...) -> String {
    guard enabled, !styles.isEmpty, !text.isEmpty else { return text }
    return "\u{1B}[\(styles.map { "\($0.rawValue)" }.joined(separator: ";"))m\(text)\u{1B}[0m"
  }
}
