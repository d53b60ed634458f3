package import JSONText
package import PlanSchema

/// What the user asked to load.
package struct PlanRequest: Sendable {
  /// An environment file, or a folder with `environment`.
  package var path: String
  /// `--env NAME`: the file NAME.yaml of the folder.
  package var environment: String?
  /// `--target NAME`: one of the environment's `targets`.
  package var target: String?
  /// `--var name=value`, in the order given.
  package var variables: [(name: String, value: String)]
  /// Whether secrets that are not there are errors; off where nothing will run.
  package var checksSecrets: Bool
  /// Whether a private variable without a value is an error; off for what compiles and runs nothing.
  package var wantsPrivateValues: Bool

  package init(
    path: String, environment: String? = nil, target: String? = nil, variables: [(name: String, value: String)] = [],
    checksSecrets: Bool = true, wantsPrivateValues: Bool = true
  ) {
    self.wantsPrivateValues = wantsPrivateValues
    self.path = path
    self.environment = environment
    self.target = target
    self.variables = variables
    self.checksSecrets = checksSecrets
  }
}

/// A plan and its environment, complete and checked.
package struct ResolvedPlan: Sendable {
  package var plan: Plan
  package var environment: Environment
  /// What the journal keeps; references in place of secrets.
  package var json: JSON
  /// Hexadecimal sha256 of everything resolved for this environment, files included.
  package var planHash: String
  /// The same of the plan without the environment: equal in staging and production.
  package var releaseHash: String
  /// What that is the hash of; `null` for a plan that the journal kept.
  package var release: JSON = .null
  /// The environment's file, as named.
  package var environmentFile: String
  /// The plan's folder: files of steps are under it.
  package var folder: String
  /// The environment's folder: relative `${file:…}` are under it.
  package var secretsFolder: String
  /// The plan's private variables.
  package var privateNames: [String] = []
  /// What this command was given for them.
  package var privateValues = PrivateValues()
  /// Warnings and notes, with the sources for snippets.
  package var diagnostics: Diagnostics
}
