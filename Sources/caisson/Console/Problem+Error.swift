import CommandLineKit

extension Problem {
  /// What is known about an error of any module.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure:
      self = failure.problem
    case let usage as UsageError:
      self.init(ExitCode(usage), usage.message, hint: usage.suggestion.map { "did you mean '\($0)'?" })
    case let unanswered as ConfirmationPrompt.NobodyThere:
      self.init(ExitCode(unanswered), "nobody is there to answer: \(unanswered.question)", hint: unanswered.hint)
    case is CancellationError:
      self.init(ExitCode(error), "interrupted")
    default:
      self.init(ExitCode(error), "\(error)")
    }
  }
}
