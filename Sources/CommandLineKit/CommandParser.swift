/// Reads a command line against a tree of command specs: first the words that name a command, then its options.
package struct CommandParser: Sendable {
  let root: CommandSpec

  package init(_ root: CommandSpec) { self.root = root }

  /// Parses the words after the program's name.
  package func parse(_ words: [String]) throws(UsageError) -> Invocation {
    if words.first == "--version" { return .version }
    var path = [root.name], spec = root, rest = words[...]
    while spec.isGroup {
      guard let word = rest.popFirst() else { return .help(path: path, spec: spec, asked: false) }
      if word == "help" { return try help(for: rest, below: spec, path) }
      if word == "--help" || word == "-h" { return .help(path: path, spec: spec, asked: true) }
      spec = try step(to: word, below: spec, path)
      path.append(spec.name)
    }
    if asksForHelp(rest) { return .help(path: path, spec: spec, asked: true) }
    var reader = WordReader(words: rest, command: ParsedCommand(path: path, spec: spec))
    return .run(try reader.read())
  }

  private func asksForHelp(_ words: ArraySlice<String>) -> Bool {
    let own = words.prefix { $0 != "--" }
    return own.contains("--help") || own.contains("-h") || words.elementsEqual(["help"])
  }

  private func help(
    for words: ArraySlice<String>, below spec: CommandSpec, _ path: [String]
  ) throws(UsageError) -> Invocation {
    var spec = spec, path = path
    for word in words where spec.isGroup && !word.hasPrefix("-") {
      spec = try step(to: word, below: spec, path)
      path.append(spec.name)
    }
    return .help(path: path, spec: spec, asked: true)
  }

  private func step(to word: String, below spec: CommandSpec, _ path: [String]) throws(UsageError) -> CommandSpec {
    if let found = spec.subcommands.first(where: { $0.name == word }) { return found }
    if word.hasPrefix("-") {
      throw error("option '\(word)' comes before a command; options follow the command", path, spec)
    }
    let elsewhere = root.leaves.first { $0.path.last == word }?.path.joined(separator: " ")
    let near = Spelling.closest(to: word, among: spec.subcommands.map(\.name))
    throw error("unknown command '\(word)'", suggestion: near ?? elsewhere, path, spec)
  }

  private func error(
    _ message: String, suggestion: String? = nil, _ path: [String], _ spec: CommandSpec
  ) -> UsageError {
    UsageError(message, suggestion: suggestion, path: path, usage: spec.usageLine(path: path))
  }
}
