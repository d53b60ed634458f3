import ChildProcess
import CommandLineKit
import Engine
import JSONText
import Journal
import PlanSchema
import PostgresClient
import Sandbox

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
    case let invalid as InvalidInput:
      self.init(invalid)
    case let engine as EngineError:
      self.init(engine)
    case let postgres as PostgresError:
      self.init(ExitCode(postgres), postgres.message, hint: postgres.nextStep)
      sqlState = postgres.sqlState
    case let journal as JournalError:
      self.init(ExitCode(journal), journal.message, hint: journal.hint)
    case let secret as SecretUnavailable:
      self.init(
        ExitCode(secret), "the secret \(secret.reference) cannot be read: \(secret.reason)",
        hint: "set the variable or make the file readable; only the reference is ever stored or shown")
    case let sandbox as SandboxError:
      self.init(ExitCode(sandbox), sandbox.message, hint: sandbox.hint)
    case let spawn as SpawnError:
      self.init(ExitCode(spawn), "\(spawn)", hint: spawn.hint)
    case is CancellationError:
      self.init(ExitCode(error), "interrupted")
    default:
      self.init(ExitCode(error), "\(error)")
    }
  }

  private init(_ error: EngineError) {
    self.init(ExitCode(error), error.message, hint: error.hint)
    step = error.step
    operation = error.operation
    sqlState = error.sqlState
  }

  /// All mistakes above, their number below: the last line is the one that is seen first.
  private init(_ invalid: InvalidInput) {
    let errors = invalid.diagnostics.errors.count
    self.init(ExitCode(invalid), errors == 1 ? "1 mistake; nothing was run" : "\(errors) mistakes; nothing was run")
    findings = invalid.diagnostics.render()
    findingsJSON = .array(invalid.diagnostics.sorted.map(\.json))
  }
}
