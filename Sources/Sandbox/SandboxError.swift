/// A private cluster that could not be made, started or stopped.
package struct SandboxError: Error, Sendable, CustomStringConvertible {
  package let message: String
  package let hint: String?

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  package var description: String { message }
}
