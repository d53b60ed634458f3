/// What a command line asks for.
package enum Invocation: Sendable, Equatable {
  case run(ParsedCommand)
  /// `asked` is false when a group was called without one of its commands.
  case help(path: [String], spec: CommandSpec, asked: Bool)
  case version
}

/// A command with the values given to it; options are looked up by the declarations they were parsed from.
package struct ParsedCommand: Sendable, Equatable {
  /// The words that led to the command, the program's name first.
  package let path: [String]
  package let spec: CommandSpec
  var options: [String: [String]] = [:]
  var arguments: [String: [String]] = [:]

  /// Whether the option was given.
  package func has(_ option: OptionSpec) -> Bool { options[option.long] != nil }

  /// The value given, or the declared default.
  package func value(_ option: OptionSpec) -> String? { options[option.long]?.last ?? option.fallback }

  /// Every value given to a repeatable option.
  package func values(_ option: OptionSpec) -> [String] { options[option.long] ?? [] }

  /// The value of an option declared as `.integer`.
  package func integer(_ option: OptionSpec) -> Int? { value(option).flatMap { Int($0) } }

  /// The `NAME=VALUE` pairs of an option declared as `.assignment`, in the order given.
  package func assignments(_ option: OptionSpec) -> [(name: String, value: String)] {
    values(option).compactMap { text in
      text.firstIndex(of: "=").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
    }
  }

  /// The word in the argument's place.
  package func argument(_ argument: ArgumentSpec) -> String? { arguments[argument.name]?.first }

  /// The words of an argument that takes the rest of the line.
  package func rest(_ argument: ArgumentSpec) -> [String] { arguments[argument.name] ?? [] }

  /// A mistake that only the command itself can see.
  package func usageError(_ message: String, suggestion: String? = nil) -> UsageError {
    UsageError(message, suggestion: suggestion, path: path, usage: spec.usageLine(path: path))
  }
}
