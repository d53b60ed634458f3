import Glibc

/// The process's own command line as the system shows it, `ps` for one: once it is read, values of variables are
/// overwritten there, since any of them may be somebody's name.
enum ArgumentMemory {
  static func hideVariables() {
    let count = Int(CommandLine.argc), words = CommandLine.unsafeArgv
    for place in 1..<max(count, 1) {
      guard let word = words[place] else { continue }
      if strncmp(word, "--var=", 6) == 0 { hide(word + 6) }
      if strcmp(word, "--var") == 0, place + 1 < count, let next = words[place + 1] { hide(next) }
    }
  }

  /// What follows `=`; how long it was stays.
  private static func hide(_ assignment: UnsafeMutablePointer<CChar>) {
    guard let equals = strchr(assignment, CInt(UInt8(ascii: "="))) else { return }
    let value = equals + 1
    memset(value, CInt(UInt8(ascii: "*")), strlen(value))
  }
}
