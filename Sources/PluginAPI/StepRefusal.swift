public import YAMLTree

/// Ends a compilation: what was found stands against the step.
public struct StepRefusal: Error, Sendable {
  public var findings: [Finding]

  public init(_ findings: [Finding]) { self.findings = findings }

  public init(_ code: String, _ message: String, choices: [String], at range: SourceRange? = nil) {
    findings = [.refusal(code, message, choices: choices, at: range)]
  }
}
