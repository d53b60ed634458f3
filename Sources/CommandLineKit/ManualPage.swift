/// The manual page of a command line, in roff: what its help shows, all commands on one page.
package struct ManualPage {
  let root: CommandSpec
  let version: String
  let exits: [(code: Int, meaning: String)]
  /// Of the environment.
  let variables: [(name: String, meaning: String)]

  package init(
    _ root: CommandSpec, version: String, exits: [(code: Int, meaning: String)],
    variables: [(name: String, meaning: String)]
  ) {
    self.root = root
    self.version = version
    self.exits = exits
    self.variables = variables
  }

  package var roff: String {
    let name = root.name
    var lines = [
      #".TH "\#(name.uppercased())" "1" "" "\#(name) \#(version)" "User Commands""#,
      ".SH NAME", "\(name) \\- \(Self.text(root.summary))",
      ".SH SYNOPSIS", ".B \(name)", ".I COMMAND", Self.text("[ENVIRONMENT] [options]"),
      ".SH DESCRIPTION", "Commands by what they are for; each is explained below.",
    ]
    for (section, members) in sections {
      lines += [".PP", ".B \(Self.word(section + ":"))", Self.text(members.joined(separator: ", "))]
    }
    lines.append(".SH COMMANDS")
    for (path, spec) in root.leaves { lines += command(path, spec) }
    lines += [".SH EXIT STATUS"] + exits.flatMap { Self.item("\($0.code)", $0.meaning) }
    lines += [".SH ENVIRONMENT"] + variables.flatMap { Self.item($0.name, $0.meaning) }
    return lines.joined(separator: "\n") + "\n"
  }

  private var sections: [(section: String, members: [String])] {
    root.subcommands.map(\.section).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.map { section in
      (section, root.subcommands.filter { $0.section == section }.map(\.name))
    }
  }

  private func command(_ path: [String], _ spec: CommandSpec) -> [String] {
    let usage = spec.usageLine(path: Array(path.dropFirst()))
    var lines = [
      ".SS \(Self.word(usage))", Self.text(spec.summary.prefix(1).uppercased() + spec.summary.dropFirst() + "."),
    ]
    for paragraph in spec.discussion.split(separator: "\n\n") { lines += [".PP"] + Self.body(String(paragraph)) }
    lines += spec.arguments.flatMap { Self.item($0.usage, $0.summary) }
    for option in spec.options {
      let names = (option.short.map { "-\($0), " } ?? "") + option.usage
      lines += Self.item(
        names, option.summary + (option.fallback.map { " [\($0)]" } ?? "") + (option.repeatable ? " (repeatable)" : ""))
    }
    for example in spec.examples {
      lines += [
        ".PP", Self.text(example.meaning.prefix(1).uppercased() + example.meaning.dropFirst() + ":"), ".PP", ".RS 4",
        ".nf", Self.text(example.command), ".fi", ".RE",
      ]
    }
    return lines
  }

  private static func item(_ term: String, _ meaning: String) -> [String] {
    [".TP", ".B \(word(term))", text(meaning)]
  }

  /// Lines that begin with two spaces stay as they are.
  private static func body(_ paragraph: String) -> [String] {
    let lines = paragraph.split(separator: "\n").map(String.init)
    guard lines.allSatisfy({ $0.hasPrefix("  ") }) else { return [text(lines.joined(separator: " "))] }
    return [".nf"] + lines.map(text) + [".fi"]
  }

  /// A line of prose: nothing of it is taken for a request or an escape.
  private static func text(_ words: String) -> String {
    let line = escaped(words)
    return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  /// A request's one argument.
  private static func word(_ words: String) -> String { "\"" + escaped(words).replacing("\"", with: "\\(dq") + "\"" }

  private static func escaped(_ words: String) -> String {
    words.reduce(into: "") { out, character in
      switch character {
      case "\\": out += "\\e"
      case "-": out += "\\-"
      case "'": out += "\\(aq"
      case "`": out += "\\(ga"
      case "^": out += "\\(ha"
      case "~": out += "\\(ti"
      case "…": out += "..."
      case "\n": out += " "
      default: out.append(character)
      }
    }
  }
}
