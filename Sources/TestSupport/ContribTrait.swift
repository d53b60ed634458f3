import Sandbox
package import Testing

extension Trait where Self == ConditionTrait {
  /// Skips where the server has no such extension library; not every build brings them.
  package static func contrib(_ library: String) -> ConditionTrait {
    .enabled("needs \(library)") { try await ServerPrograms.find().hasLibrary(library) }
  }
}
