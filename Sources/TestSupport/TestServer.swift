import Sandbox

/// The server tests run against.
package enum TestServer {
  package static var major: Int {
    get async throws { try await ServerPrograms.find().major }
  }
}
