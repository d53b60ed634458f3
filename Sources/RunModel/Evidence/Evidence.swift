package import JSONText

/// What a successful run leaves behind: which release did what, step by step, where and when.
///
/// The body is what is stored, signed and exported; the properties are what is judged. Members this version does not
/// know stay in the body.
package struct Evidence: Sendable, Hashable {
  /// Which database: its journal, its cluster, its number there and its name.
  package struct Identity: Sendable, Hashable {
    package var journal: String
    package var system: String
    package var databaseNumber: Int64
    package var database: String

    package init(journal: String, system: String, databaseNumber: Int64, database: String) {
      self.journal = journal
      self.system = system
      self.databaseNumber = databaseNumber
      self.database = database
    }
  }

  package static let version = 1

  package let id: String
  package let run: String
  package let plan: String
  package let releaseHash: String
  package let planHash: String
  package let environment: String
  package let target: String
  package let identity: Identity
  package let engineVersion: String
  package let plugins: [String: String]
  package let serverVersion: Int
  package let startedAt: Moment
  package let finishedAt: Moment
  /// A run of the same release was rolled back on that target before, or the release was rehearsed on a clone of it.
  package let rollbackRehearsed: Bool
  package let steps: [String: StepProof]
  package let body: JSON

  /// What a signature is made over.
  package var canonical: String { body.canonical }
}

/// What came of one step.
package struct StepProof: Sendable, Hashable {
  /// Who made it come to that.
  package enum Outcome: String, Sendable, Hashable, CaseIterable {
    case executed, carried, skipped, person
  }

  /// The run of the same target that executed a step which was carried over.
  package struct Origin: Sendable, Hashable {
    package let run: String
    package let releaseHash: String
    package let finishedAt: Moment
  }

  package let uses: String
  /// Its parameters without those declared tuning.
  package let spec: JSON
  package let specHash: String
  /// Contents by path, hexadecimal.
  package let files: [String: String]
  package let needs: [String]
  package let schedule: JSON?
  package let outcome: Outcome
  package let origin: Origin?
  package let skipReason: String?
  package let seconds: Double
  package let rows: Double
  package let attempts: Int
  /// How many operations were carried out that were not only looking; `nil`: it does not say.
  package let operations: Int?
  package let verify: [String]
}

/// Why a text is no evidence.
package struct EvidenceMalformed: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
