/// Shells that can complete the command line.
package enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish
}

extension CommandSpec {
  /// A script for the shell that completes commands, options and their choices.
  package func completion(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletion
    case .zsh: "#compdef \(name)\nautoload -U +X bashcompinit && bashcompinit\n" + bashCompletion
    case .fish: fishCompletion
    }
  }

  // MARK: bash

  private var bashCompletion: String {
    """
    _\(name)() {
      local cur prev path="" word candidates=""
      cur="${COMP_WORDS[COMP_CWORD]}"
      prev="${COMP_WORDS[COMP_CWORD-1]}"
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path/$word" in
          \(groupPatterns.joined(separator: "|\\\n      "))) path="$path/$word" ;;
        esac
      done
      case "$path $prev" in
    \(choiceCases.joined(separator: "\n"))
      esac
      case "$path" in
    \(wordCases.joined(separator: "\n"))
      esac
      COMPREPLY=($(compgen -W "$candidates" -- "$cur"))
      if [[ ${#COMPREPLY[@]} -eq 0 && "$cur" != -* ]]; then COMPREPLY=($(compgen -f -- "$cur")); fi
    }
    complete -o filenames -F _\(name) \(name)

    """
  }

  /// Each command as the path that leads to it, the program itself left out: `/journal/check`.
  private var nodes: [(path: String, spec: CommandSpec)] {
    func walk(_ spec: CommandSpec, _ path: String) -> [(path: String, spec: CommandSpec)] {
      [(path, spec)] + spec.subcommands.flatMap { walk($0, "\(path)/\($0.name)") }
    }
    return walk(self, "")
  }

  private var groupPatterns: [String] { nodes.dropFirst().map(\.path) }

  private var choiceCases: [String] {
    nodes.flatMap { path, spec in
      spec.options.compactMap { option in
        guard case .choice(let choices) = option.kind else { return nil }
        return "    \"\(path) --\(option.long)\") candidates=\"\(choices.joined(separator: " "))\""
          + "; COMPREPLY=($(compgen -W \"$candidates\" -- \"$cur\")); return ;;"
      }
    }
  }

  private var wordCases: [String] {
    nodes.map { path, spec in
      var words = spec.subcommands.map(\.name) + spec.options.map { "--\($0.long)" } + ["--help"]
      for argument in spec.arguments {
        if case .choice(let choices) = argument.kind { words = choices + words }
      }
      return "    \"\(path)\") candidates=\"\(words.joined(separator: " "))\" ;;"
    }
  }

  // MARK: fish

  private var fishCompletion: String {
    var lines = ["complete -c \(name) -f"]
    for (path, spec) in nodes {
      let words = path.split(separator: "/")
      let seen = words.map { "__fish_seen_subcommand_from \($0)" }
      let below = "not __fish_seen_subcommand_from " + spec.subcommands.map(\.name).joined(separator: " ")
      for command in spec.subcommands {
        let condition = (seen + [below]).joined(separator: "; and ")
        lines.append("complete -c \(name) -n '\(condition)' -a \(command.name) -d \(Self.quoted(command.summary))")
      }
      let condition = seen.joined(separator: "; and ")
      lines += spec.options.map { Self.fishOption(name, condition, $0) }
      if !spec.isGroup { lines.append("complete -c \(name) -n '\(condition)' -F") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func fishOption(_ program: String, _ condition: String, _ option: OptionSpec) -> String {
    var line = "complete -c \(program) -n '\(condition)' -l \(option.long)"
    if let short = option.short { line += " -s \(short)" }
    if case .choice(let choices) = option.kind { line += " -x -a '\(choices.joined(separator: " "))'" }
    if case .required = option.value, !line.contains(" -x ") { line += " -r" }
    return line + " -d \(quoted(option.summary))"
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'") + "'"
  }
}
