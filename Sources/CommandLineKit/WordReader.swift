/// Reads the words that follow a command's name: options anywhere, arguments by place, all literal after `--`.
struct WordReader {
  var words: ArraySlice<String>
  var command: ParsedCommand
  private var plain: [String] = []

  init(words: ArraySlice<String>, command: ParsedCommand) {
    self.words = words
    self.command = command
  }

  mutating func read() throws(UsageError) -> ParsedCommand {
    while let word = words.popFirst() {
      if word == "--" {
        plain += words
        words = []
      } else if word.hasPrefix("--") {
        try readLong(word.dropFirst(2))
      } else if word.hasPrefix("-"), word.count > 1 {
        try readShort(word.dropFirst())
      } else {
        plain.append(word)
      }
    }
    try placeArguments()
    return command
  }

  // MARK: Options

  private mutating func readLong(_ text: Substring) throws(UsageError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0]), attached = parts.count > 1 ? String(parts[1]) : nil
    guard let option = command.spec.options.first(where: { $0.long == name }) else {
      let near = Spelling.closest(to: name, among: command.spec.options.map(\.long) + ["help"])
      throw command.usageError("unknown option '--\(name)'", suggestion: near.map { "--\($0)" })
    }
    try take(option, attached: attached)
  }

  private mutating func readShort(_ text: Substring) throws(UsageError) {
    var letters = text
    while let letter = letters.popFirst() {
      guard let option = command.spec.options.first(where: { $0.short == letter }) else {
        throw command.usageError("unknown option '-\(letter)'")
      }
      if option.value == .none {
        try take(option, attached: nil)
        continue
      }
      let attached = letters.first == "=" ? letters.dropFirst() : letters
      try take(option, attached: letters.isEmpty ? nil : String(attached))
      return
    }
  }

  private mutating func take(_ option: OptionSpec, attached: String?) throws(UsageError) {
    switch option.value {
    case .none:
      if attached != nil { throw command.usageError("option '--\(option.long)' takes no value") }
      command.options[option.long] = []
    case .required(_, let kind):
      let text = if let attached { attached } else { try nextValue(of: option) }
      try store(text, of: option, kind)
    case .optional(_, let kind):
      if let attached {
        try store(attached, of: option, kind)
      } else if let next = words.first, kind != .text, kind.objection(to: next) == nil {
        try store(words.removeFirst(), of: option, kind)
      } else {
        command.options[option.long] = []
      }
    }
  }

  private mutating func nextValue(of option: OptionSpec) throws(UsageError) -> String {
    guard let next = words.first, !next.hasPrefix("-") || next == "-" || Double(next) != nil else {
      throw command.usageError("option '\(option.usage)' needs a value")
    }
    return words.removeFirst()
  }

  private mutating func store(_ text: String, of option: OptionSpec, _ kind: ValueKind) throws(UsageError) {
    if let objection = kind.objection(to: text) {
      throw command.usageError(
        "option '--\(option.long)' \(objection.reason), not '\(text)'", suggestion: objection.suggestion)
    }
    if command.has(option), !option.repeatable {
      throw command.usageError("option '--\(option.long)' is given twice")
    }
    command.options[option.long, default: []].append(text)
  }

  // MARK: Arguments

  private mutating func placeArguments() throws(UsageError) {
    var left = plain[...]
    for argument in command.spec.arguments {
      if argument.arity == .rest {
        command.arguments[argument.name] = Array(left)
        left = []
      } else if let word = left.popFirst() {
        try place(word, in: argument)
      } else if argument.arity == .required {
        throw command.usageError("\(argument.name) is missing: \(argument.summary)")
      }
    }
    if let extra = left.first { throw command.usageError("unexpected argument '\(extra)'") }
  }

  private mutating func place(_ word: String, in argument: ArgumentSpec) throws(UsageError) {
    if let objection = argument.kind.objection(to: word) {
      throw command.usageError(
        "\(argument.name) \(objection.reason), not '\(word)'", suggestion: objection.suggestion)
    }
    command.arguments[argument.name] = [word]
  }
}
