import PluginAPI

/// Ends a compilation: what was found stands against the step.
struct StepRefusal: Error, Sendable {
  var findings: [Finding]

  init(_ findings: [Finding]) { self.findings = findings }

  init(_ code: String, _ message: String, choices: [String], at range: SourceRange? = nil) {
    findings = [.refusal(code, message, choices: choices, at: range)]
  }
}
