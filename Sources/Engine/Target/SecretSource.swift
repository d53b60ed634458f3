import PlanModel
package import PlanSchema
import PluginAPI
import PostgresClient
import SQLText

/// Where what stands behind references is found at the moment it is needed: the one place that resolves them.
package struct SecretSource: Sendable {
  /// Where relative `${file:…}` are looked for.
  let folder: String
  private let privately: PrivateValues
  /// By reference, for a guardian, which has neither this process's files nor its command line.
  private(set) var known: [String: String]

  package init(folder: String = ".", privately: PrivateValues = PrivateValues(), known: [String: String] = [:]) {
    self.folder = folder
    self.privately = privately
    self.known = known
  }

  package func text(of secret: Secret) throws(SecretUnavailable) -> String {
    if let text = known[secret.description] { return text }
    return try secret.resolve(folder: folder, privately: privately).revealed
  }

  /// What a statement binds by reference, just before it is sent.
  func text(of reference: String) throws(SecretUnavailable) -> String {
    if let text = known[reference] { return text }
    let secret: Secret
    do { secret = try Secret(parsing: reference) } catch {
      throw SecretUnavailable(reference: "a reference", reason: error.message)
    }
    return try text(of: secret)
  }

  /// With everything these operations need, resolved now.
  func resolving(_ operations: [Operation]) throws -> SecretSource {
    var all = self
    for operation in operations.flatMap(\.everyLeaf) {
      if case .admin(let work) = operation.work { all.known[work.console.description] = try text(of: work.console) }
      for reference in operation.everyQuery.flatMap(\.secretReferences) { all.known[reference] = try text(of: reference) }
    }
    return all
  }
}
