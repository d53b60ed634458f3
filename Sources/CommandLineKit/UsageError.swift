/// A command line that cannot be understood, with what was probably meant.
package struct UsageError: Error, Equatable {
  /// The words that led to the command, the program's name first.
  package var path: [String]
  package var message: String
  package var suggestion: String?
  /// The command's usage line.
  package var usage: String

  package init(_ message: String, suggestion: String? = nil, path: [String], usage: String = "") {
    self.path = path
    self.message = message
    self.suggestion = suggestion
    self.usage = usage
  }

  /// What a person reads on standard error.
  package var text: String {
    let command = path.joined(separator: " ")
    var lines = ["\(command): \(message)"]
    if let suggestion { lines.append("did you mean '\(suggestion)'?") }
    if !usage.isEmpty { lines.append("usage: \(usage)") }
    lines.append("more: \(command) --help")
    return lines.joined(separator: "\n")
  }
}
