import CommandLineKit
import PlanModel

extension PlanRequest {
  /// What the command line says about plan and environment.
  init(_ parsed: ParsedCommand, checksSecrets: Bool = true, wantsPrivateValues: Bool = true) throws {
    self.init(
      path: try EnvironmentChoice.path(parsed), target: parsed.value(.target), variables: parsed.assignments(.variable), checksSecrets: checksSecrets,
      wantsPrivateValues: wantsPrivateValues)
  }
}
