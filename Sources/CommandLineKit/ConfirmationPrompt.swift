import Dispatch
import Glibc

/// A question that only a person, or `--yes`, can answer.
package struct ConfirmationPrompt: Sendable {
  /// Nobody is there to be asked.
  package struct NobodyThere: Error, Equatable {
    package var question: String

    package init(question: String) { self.question = question }

    /// What to do instead.
    package var hint: String { "standard input is no terminal; repeat the command with --yes to answer beforehand" }
  }

  /// What accepts: `y` or `yes`, or a word that has to be typed in full.
  package enum Accepts: Sendable, Equatable { case yes, word(String) }

  package var question: String
  package var accepts: Accepts

  package init(_ question: String, accepts: Accepts = .yes) {
    self.question = question
    self.accepts = accepts
  }

  /// Asks on standard error and reads standard input; true without asking when already answered by `--yes`.
  package func ask(answeredYes: Bool) async throws(NobodyThere) -> Bool {
    if answeredYes { return true }
    guard isatty(STDIN_FILENO) == 1 else { throw NobodyThere(question: question) }
    StandardStream.error.write(prompt)
    return isAccepted(await Self.line())
  }

  var prompt: String {
    switch accepts {
    case .yes: "\(question) [y/N] "
    case .word(let word): "\(question) Type '\(word)' to go on: "
    }
  }

  func isAccepted(_ answer: String?) -> Bool {
    let answer = String((answer ?? "").drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    return switch accepts {
    case .yes: ["y", "yes"].contains(answer.lowercased())
    case .word(let word): answer == word
    }
  }

  /// Reading blocks, so it must not happen on the cooperative pool.
  private static func line() async -> String? {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: readLine()) }
    }
  }
}
