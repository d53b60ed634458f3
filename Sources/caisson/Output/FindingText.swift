import CommandLineKit
import JSONText
import PluginAPI
import YAMLTree

/// A finding as a person reads it: what, where, and what can be done.
struct FindingText {
  let finding: Finding
  /// Texts by file name, for the line it is about.
  let sources: [String: String]

  /// `severity: message [code]`, the place with its line below, and the choices.
  func lines(_ palette: Palette = .plain, indent: String = "") -> [String] {
    let word = palette(finding.severity.rawValue, style)
    var lines = ["\(word): \(finding.message) [\(finding.code)]"]
    if let range = finding.range, !range.isNowhere {
      lines.append("  at \(range)")
      let snippet = sources[range.file].map(range.snippet) ?? ""
      lines += snippet.split(separator: "\n").map { "  \($0)" }
    }
    lines += finding.choices.map { "  choice: \($0)" }
    return lines.map { indent + $0 }
  }

  private var style: Style {
    switch finding.severity {
    case .note: .dim
    case .warning: .yellow
    case .refusal: .red
    }
  }
}

extension Finding {
  var json: JSON {
    var object = JSONObject([
      ("severity", .string(severity.rawValue)), ("code", .string(code)), ("message", .string(message)),
      ("choices", .array(choices.map(JSON.string))),
    ])
    if let range, !range.isNowhere {
      object["file"] = .string(range.file)
      object["line"] = .int(Int64(range.start.line))
      object["column"] = .int(Int64(range.start.column))
    }
    return .object(object)
  }
}
