import CommandLineKit
import JSONText
import Lint
import SQLText

/// `caisson lint FILE ...`
struct LintCommand: Command {
  private static let files = ArgumentSpec("FILE", "SQL files; - for standard input", arity: .rest, kind: .file)

  static let spec = CommandSpec(
    "lint", summary: "find what would block or break in SQL files",
    discussion: """
      The same rules that every compiled statement goes through. With --output json an array of findings, each with
      rule_name, severity, message, rewrite, file, line and column. Exit 0, or 5 when PostgreSQL would refuse a
      statement or its result would surely be wrong.
      """,
    section: Section.check, arguments: [files], options: [.output],
    examples: [
      CommandExample("caisson lint migrations/*.sql", "what blocks whom, for how long, and the safe rewrite"),
      CommandExample("caisson lint -o json - < change.sql", "findings as JSON"),
    ])

  private let files: [String]

  init(_ parsed: ParsedCommand) throws {
    files = parsed.rest(Self.files)
    if files.isEmpty { throw parsed.usageError("FILE is missing: name SQL files, or - for standard input") }
  }

  func run(_ console: Console) throws -> ExitCode {
    let located = try files.flatMap { file in
      Linter.lint(try SourceFile(file).text).map { LocatedFinding(file: file, finding: $0) }
    }
    switch console.format {
    case .text: for finding in located { console.print(finding.text(console.output.palette)) }
    case .json: console.print(.array(located.map(\.json)))
    case .ndjson: for finding in located { console.print(finding.json) }
    }
    return located.contains { $0.finding.severity == .refusal } ? .refused : .done
  }
}

/// A finding and the file it was found in.
struct LocatedFinding {
  var file: String
  var finding: LintFinding

  /// The rule without the module's prefix.
  var ruleName: String { finding.code.hasPrefix("lint.") ? String(finding.code.dropFirst(5)) : finding.code }

  /// `file:line:column: severity: what; whom it blocks [rule]` and the safe way below.
  func text(_ palette: Palette) -> String {
    let style: Style = finding.severity == .refusal ? .red : finding.severity == .warning ? .yellow : .dim
    let place = "\(file):\(finding.position.line):\(finding.position.column)"
    return "\(palette(place, .bold)): \(palette(finding.severity.rawValue, style)): \(finding.message) [\(ruleName)]"
      + (finding.rewrite.isEmpty ? "" : "\n  instead: \(finding.rewrite)")
  }

  var json: JSON {
    [
      "rule_name": .string(ruleName), "severity": .string(finding.severity.rawValue),
      "message": .string(finding.message), "rewrite": .string(finding.rewrite), "file": .string(file),
      "line": .int(Int64(finding.position.line)), "column": .int(Int64(finding.position.column)),
    ]
  }
}
