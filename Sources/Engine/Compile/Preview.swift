import Catalog
import PlanModel
package import PluginAPI
import PostgresClient
package import SQLText

/// What `caisson plan` shows.
package struct Preview: Sendable {
  package let preparation: Preparation
  /// Steps whose work is done already.
  package let finished: Set<String>
  package let sizes: [QualifiedName: RelationSize]
  /// Rights the executing role does not have, by step.
  package let missing: [String: [Finding]]
  /// What the environment requires of another one; `nil`: nothing.
  package internal(set) var evidence: EvidencePreview?
  /// `nil`: there is nothing to run.
  package internal(set) var forecast: ForecastPreview?

  init(
    _ preparation: Preparation, finished: Set<String>, on connection: Connection, role: String?,
    capabilities: Capabilities
  ) async throws {
    self.preparation = preparation
    self.finished = finished
    let transaction = FactsTransaction(connection)
    let inspection = Inspection(source: StepFacts(transaction, capabilities: capabilities, folder: "."), role: role)
    sizes = try await inspection.sizes(
      of: Set(preparation.steps.flatMap { $0.compiled?.program.everyLeaf ?? [] }.flatMap(\.locks).map(\.relation)))
    var missing: [String: [Finding]] = [:]
    for one in preparation.steps {
      let findings = try await inspection.missing(one.compiled?.program.privileges ?? [])
      if !findings.isEmpty { missing[one.step.id] = findings }
    }
    self.missing = missing
    await transaction.end()
  }
}
