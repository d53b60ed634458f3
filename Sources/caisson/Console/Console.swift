import CommandLineKit
import JSONText

/// The form in which a command's data appears on standard output.
enum OutputFormat: String, CaseIterable, Sendable {
  case text, json, ndjson
}

/// Where commands print: data on standard output, everything else on standard error.
struct Console: Sendable {
  let format: OutputFormat
  let output: Terminal
  let error: Terminal

  init(_ parsed: ParsedCommand) {
    let named = parsed.spec.options.first { $0.long == OptionSpec.output.long }.flatMap(parsed.value)
    self.init(format: named.flatMap(OutputFormat.init) ?? .text)
  }

  init(format: OutputFormat, output: Terminal = .standardOutput, error: Terminal = .standardError) {
    self.format = format
    self.output = output
    self.error = error
  }

  /// Prints data; false when the reader has gone.
  @discardableResult
  func print(_ text: String) -> Bool { StandardStream(descriptor: output.descriptor).writeLine(text) }

  /// Prints data as the chosen format has it: one document, or one line.
  @discardableResult
  func print(_ json: JSON) -> Bool { print(format == .ndjson ? json.text : json.pretty) }

  /// Prints a table of data.
  func print(_ table: TextTable) {
    let width = output.isTerminal ? output.size.columns : nil
    for line in table.lines(width: width, palette: output.palette) { print(line) }
  }

  /// Tells a person something that is no data.
  func note(_ text: String) { StandardStream(descriptor: error.descriptor).writeLine(text) }

  /// Explains a failure.
  func report(_ problem: Problem, by path: [String]) {
    note(format == .text ? problem.text(by: path, palette: error.palette) : problem.json.text)
  }

  /// Progress as this console shows it: redrawn in place for a person, lines elsewhere, objects on standard output
  /// where those were asked for.
  func progressScreen() -> ProgressScreen {
    format == .ndjson
      ? ProgressScreen(mode: .ndjson, terminal: output, stream: StandardStream(descriptor: output.descriptor))
      : ProgressScreen(
        mode: .suited(to: error), terminal: error, stream: StandardStream(descriptor: error.descriptor))
  }
}
