import Engine
import PlanModel
import PlanSchema
import PostgresClient
import Sandbox

extension TargetAddress {
  /// The database an environment names. Secrets are resolved here, just before they are needed, and stay in the
  /// connection strings, which never show them.
  init(resolving resolved: ResolvedPlan) async throws {
    let environment = resolved.environment, folder = resolved.secretsFolder
    let database = [environment.name, environment.targetKey].compactMap(\.self).joined(separator: "_")
    let connection = try await environment.target.connection(folder: folder, fallback: database)
    let session = try await environment.sessionTarget?.connection(folder: folder, fallback: database)
    self.init(name: environment.targetName, connection: connection, session: session, role: environment.role,
      lease: environment.lease.duration,
      secrets: SecretSource(folder: folder, privately: resolved.privateValues))
    guard let requirement = environment.requires, case .target(let source) = requirement.from else { return }
    evidence = { try await source.connection(folder: folder, fallback: requirement.environment, makesDatabase: false) }
  }
}

extension ConnectionReference {
  /// `sandbox` is the database named like the environment in this machine's default sandbox, `sandbox:NAME` the
  /// database NAME there, so that staging and production of one plan do not meet. The sandbox is started, and the
  /// database made, where they are missing.
  fileprivate func connection(
    folder: String, fallback: String, makesDatabase: Bool = true
  ) async throws -> ConnectionString {
    switch self {
    case .libpq(let secret):
      return ConnectionString(try secret.resolve(folder: folder).revealed)
    case .sandbox(let name):
      let cluster = try PrivateCluster(), database = name ?? fallback
      try await cluster.up()
      if makesDatabase { try await cluster.createDatabase(database) }
      return try cluster.target(database: database)
    }
  }
}
