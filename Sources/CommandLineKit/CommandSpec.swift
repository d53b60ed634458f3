/// What a command is called, what it takes and what it says about itself.
/// Parser, help, completion and the JSON dump read nothing else, so they cannot drift apart.
package struct CommandSpec: Sendable, Equatable {
  package var name: String
  /// One line, in the imperative.
  package var summary: String
  /// Paragraphs, separated by blank lines; wrapped when printed.
  package var discussion: String
  /// Heading under which the parent's help lists this command.
  package var section: String
  package var arguments: [ArgumentSpec]
  package var options: [OptionSpec]
  package var examples: [CommandExample]
  package var subcommands: [CommandSpec]

  package init(
    _ name: String, summary: String, discussion: String = "", section: String = "commands",
    arguments: [ArgumentSpec] = [], options: [OptionSpec] = [], examples: [CommandExample] = [],
    subcommands: [CommandSpec] = []
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.section = section
    self.arguments = arguments
    self.options = options
    self.examples = examples
    self.subcommands = subcommands
  }

  /// A group only routes to its subcommands.
  package var isGroup: Bool { !subcommands.isEmpty }

  /// Every runnable command below with the words that lead to it, this one's name first.
  package var leaves: [(path: [String], spec: CommandSpec)] {
    guard isGroup else { return [([name], self)] }
    return subcommands.flatMap(\.leaves).map { ([name] + $0.path, $0.spec) }
  }
}

/// A command line worth copying, and what it does.
package struct CommandExample: Sendable, Equatable {
  package var command: String
  package var meaning: String

  package init(_ command: String, _ meaning: String) {
    self.command = command
    self.meaning = meaning
  }
}

/// A word that is recognised by its place.
package struct ArgumentSpec: Sendable, Equatable {
  /// How many words an argument takes.
  package enum Arity: Sendable, Equatable { case required, optional, rest }

  package var name: String
  package var summary: String
  package var arity: Arity
  package var kind: ValueKind

  package init(_ name: String, _ summary: String, arity: Arity = .required, kind: ValueKind = .text) {
    self.name = name
    self.summary = summary
    self.arity = arity
    self.kind = kind
  }

  /// As usage lines show it: `STEP`, `[ENVIRONMENT]`, `[ARG …]`.
  package var usage: String {
    switch arity {
    case .required: name
    case .optional: "[\(name)]"
    case .rest: "[\(name) ...]"
    }
  }
}
