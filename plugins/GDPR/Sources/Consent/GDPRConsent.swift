import PluginAPI

/// A ledger of who agreed to what, when, under which text, and who took it back.
struct GDPRConsent: StepKind {
  static let name = "gdpr.consent"
  static let summary = "An append-only ledger of consents, with functions that record and a view of what holds now."

  struct Subject: ParameterSet {
    @Parameter("Table with a row for each person.") var table: QualifiedName
    @Parameter("Its key.") var key: Identifier
  }

  struct Purpose: ParameterSet {
    @Parameter("Version of the text people agree to.") var policy: String
    @Parameter("The text, or what it says in a sentence. It cannot be changed afterwards: a new text is a new version.")
    var text: String
  }

  struct Parameters: ParameterSet {
    @Parameter("The ledger's table. Its companions have its name and a suffix.") var ledger: QualifiedName
    @Parameter("Whose consents.") var subject: Subject
    @Parameter("What people may agree to. Versions that are left out stay in the ledger.") var purposes: OrderedMap<Purpose>
    @Parameter("When a person's row is deleted: `forget` cuts the ledger's link to the person, `keep` leaves that to whoever"
      + " calls the function.")
    var onDelete = ConsentDeletion.forget
    @Parameter("Roles that may record and ask.") var record: [Identifier] = []
    @Parameter("Roles that may read the ledger.") var read: [Identifier] = []
    @Parameter("Roles that may forget a person.") var forget: [Identifier] = []

    func check(_ report: inout Diagnostics) {
      if purposes.isEmpty { report.error("value.missing", "`purposes` names nothing to agree to", at: $purposes) }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      return try await ConsentCompiler(wanted: step.parameters, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

enum ConsentDeletion: String, CaseIterable, Sendable, ParameterValue { case forget, keep }
