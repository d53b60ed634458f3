import JSONText
import SQLText

enum FormatIdentifierGlued: Rule {
  static let code = "lint.format_identifier_glued"
  static let summary = "format() glues text to %I: a name that needs quotes becomes two tokens."
  static let advice = "build the whole name first: format('%I', base || '_suffix')"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    if let code = subject.code {
      return code.contains("format") && isGlued(code) ? [finding(subject, message + " in the body")] : []
    }
    guard subject.statement.text.contains("%I") else { return [] }
    var findings: [LintFinding] = []
    subject.tree.eachNode { kind, body in
      guard kind == "FuncCall", body.names("funcname").last == "format",
        let pattern = body["args"]?[0]?["A_Const"]?["sval"]?.word("sval"), isGlued(pattern)
      else { return }
      findings.append(finding(subject, message, at: body["location"]))
    }
    return findings
  }

  private static let message = "text stands directly before or after %I: with a name that %I must quote the result is "
    + "another identifier or a syntax error"

  /// `%I_p`, `idx_%I`, `%I%s`; `%I.%I` and `"…"` are no glue.
  static func isGlued(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    return bytes.indices.dropLast().contains { place in
      guard bytes[place] == UInt8(ascii: "%"), bytes[place + 1] == UInt8(ascii: "I") else { return false }
      if place > 0, bytes[place - 1] == UInt8(ascii: "%") { return false }
      let before = place > 0 ? bytes[place - 1] : 0
      let after = place + 2 < bytes.count ? bytes[place + 2] : 0
      return isWord(before) || isWord(after) || after == UInt8(ascii: "%")
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
