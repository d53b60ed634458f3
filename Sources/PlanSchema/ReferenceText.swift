/// Text with references: `${name}` a variable, `${env:NAME}` and `${file:path}` secrets, `${private:name}` a private
/// variable's value, `$${` a literal `${`.
public struct ReferenceText: Sendable, Hashable {
  public enum Segment: Sendable, Hashable {
    case text(String)
    case variable(String)
    case environment(String)
    case file(String)
    case privateVariable(PrivateReference)
  }

  public var segments: [Segment]

  public init(_ segments: [Segment]) { self.segments = segments }

  /// What is wrong with a reference.
  public struct Malformed: Error, Sendable, Hashable {
    public let message: String
    public let hint: String
  }

  public init(parsing source: String) throws(Malformed) {
    segments = []
    var text: [UInt8] = []
    let bytes = Array(source.utf8)
    var place = 0
    while place < bytes.count {
      if bytes[place...].starts(with: "$${".utf8) {
        text += "${".utf8
        place += 3
      } else if bytes[place...].starts(with: "${".utf8) {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "}")) else {
          throw Malformed(message: "`${` without its `}`", hint: "write `$${` for the two characters themselves")
        }
        if !text.isEmpty { segments.append(.text(String(decoding: text, as: UTF8.self))) }
        text = []
        segments.append(try ReferenceText.reference(String(decoding: bytes[place + 2..<end], as: UTF8.self)))
        place = end + 1
      } else {
        text.append(bytes[place])
        place += 1
      }
    }
    if !text.isEmpty { segments.append(.text(String(decoding: text, as: UTF8.self))) }
  }

  private static func reference(_ body: String) throws(Malformed) -> Segment {
    if body.hasPrefix("env:") {
      let name = String(body.dropFirst(4))
      let isName = name.utf8.allSatisfy { isLetter($0) || isDigit($0) } && !(name.utf8.first.map(isDigit) ?? true)
      guard isName else {
        throw Malformed(
          message: "`\(name)` is not the name of an environment variable", hint: "for example ${env:PASSWORD}")
      }
      return .environment(name)
    }
    if body.hasPrefix("file:") {
      let path = String(body.dropFirst(5))
      guard !path.isEmpty, !path.utf8.contains(0) else {
        throw Malformed(message: "`${file:}` names no file", hint: "for example ${file:secrets/password}")
      }
      return .file(path)
    }
    if body.hasPrefix("private:") {
      guard let reference = PrivateReference(parsing: body.dropFirst(8)) else {
        throw Malformed(message: "`${\(body)}` names no private variable", hint: "write ${name}")
      }
      return .privateVariable(reference)
    }
    guard isVariableName(body) else {
      throw Malformed(
        message: "`${\(body)}` is not a reference",
        hint: "write ${name}, ${env:NAME} or ${file:path}; `$${` for the two characters themselves")
    }
    return .variable(body)
  }

  /// Letters, digits and underscores, not starting with a digit; `each.key` has a dot.
  public static func isVariableName(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return !parts.isEmpty
      && parts.allSatisfy { part in
        part.allSatisfy { isLetter($0) || isDigit($0) } && !(part.first.map(isDigit) ?? true)
      }
  }

  /// A variable's own name: no dots.
  static func isSimpleName(_ text: String) -> Bool { isVariableName(text) && !text.contains(".") }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// As written in a plan.
  public var source: String {
    segments.map {
      switch $0 {
      case .text(let text): ReferenceText.escape(text)
      case .variable(let name): "${\(name)}"
      case .environment(let name): "${env:\(name)}"
      case .file(let path): "${file:\(path)}"
      case .privateVariable(let reference): reference.description
      }
    }.joined()
  }

  /// Text as a plan must spell it to mean itself.
  public static func escape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    for (place, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "$"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "{") { out.append(byte) }
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }
}
