/// Checks of the bytes before libyaml sees them: its own messages about encodings carry no line and column.
enum InputText {
  static func problem(in bytes: [UInt8], file: String, limits: YAMLLimits) -> YAMLProblem? {
    if bytes.count > limits.bytes {
      return YAMLProblem(
        "yaml.too_large", "the file has \(bytes.count) bytes, more than the \(limits.bytes) allowed",
        at: .beginning(of: file))
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      return YAMLProblem(
        "yaml.byte_order_mark", "the file starts with a byte order mark", at: .beginning(of: file),
        hint: "save it as UTF-8 without a byte order mark")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return YAMLProblem(
        "yaml.not_utf8", "the file is UTF-16, not UTF-8", at: .beginning(of: file), hint: "save it as UTF-8")
    }
    return firstBadCharacter(in: bytes, file: file)
  }

  private static func firstBadCharacter(in bytes: [UInt8], file: String) -> YAMLProblem? {
    var input = bytes.makeIterator()
    var decoder = UTF8()
    var mark = Mark(line: 1, column: 1, offset: 0)
    var previous: Unicode.Scalar = " "
    while true {
      switch decoder.decode(&input) {
      case .emptyInput: return nil
      case .error:
        return YAMLProblem(
          "yaml.not_utf8", "a byte here is not UTF-8", at: range(mark, file), hint: "save the file as UTF-8")
      case .scalarValue(let scalar):
        if let complaint = complaint(scalar) {
          return YAMLProblem(complaint.code, complaint.message, at: range(mark, file), hint: complaint.hint)
        }
        advance(&mark, over: scalar, after: previous)
        previous = scalar
      }
    }
  }

  private static func advance(_ mark: inout Mark, over scalar: Unicode.Scalar, after previous: Unicode.Scalar) {
    mark.offset += 1
    if scalar == "\n" && previous == "\r" { return }
    if scalar == "\n" || scalar == "\r" {
      mark.line += 1
      mark.column = 1
    } else {
      mark.column += 1
    }
  }

  private static func range(_ mark: Mark, _ file: String) -> SourceRange {
    SourceRange(
      file: file, start: mark, end: Mark(line: mark.line, column: mark.column + 1, offset: mark.offset + 1))
  }

  private static func complaint(_ scalar: Unicode.Scalar) -> (code: String, message: String, hint: String)? {
    let escape = "inside double quotes it can be written as an escape"
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E: return nil
    case 0: return ("yaml.nul", "a NUL byte", "the file is not text, or is damaged")
    case 0x85, 0x2028, 0x2029:
      return ("yaml.line_separator", "the line separator \(name(scalar)), which YAML versions read differently", escape)
    case 0..<0x20, 0x7F...0x9F: return ("yaml.control_character", "the control character \(name(scalar))", escape)
    case 0xFEFF: return ("yaml.byte_order_mark", "a byte order mark inside the text", "remove it")
    case 0xFFFE, 0xFFFF: return ("yaml.control_character", "\(name(scalar)) is not a character", "remove it")
    default: return nil
    }
  }

  private static func name(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
