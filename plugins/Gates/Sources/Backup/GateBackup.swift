import PlanSchema
import PluginAPI

/// Closed until there is a recent backup; on request one that has been restored and asked.
struct GateBackup: StepKind {
  static let name = "gate.backup"
  static let summary = "Waits until there is a recent backup, and on request restores it and asks what was restored."
  static let recurring = true
  static let isGate = true

  enum Provider: String, CaseIterable, ParameterValue {
    case pgbackrest, basebackup, managed, file, command
  }

  struct Parameters: ParameterSet {
    @Parameter("Who makes the backups.") var provider: Provider
    @Parameter("How long ago the backup may have ended.") var maxAge = TimeSpan.hours(24)
    @Parameter("A smaller backup is none.") var minSize: ByteSize?
    @Parameter("WAL has to be archived without failures [true for pgbackrest and basebackup].") var archiving: Bool?
    @Parameter("How soon it is looked for again while there is none.", tuning: true) var every = TimeSpan.minutes(5)
    @Parameter("pgbackrest: the stanza.") var stanza: String?
    @Parameter("pgbackrest: its configuration file, where it is not the usual one.") var config: String?
    @Parameter("pgbackrest: the repository, where there are several.") var repo: Int?
    @Parameter("basebackup: the folder of a backup, or of several. file: the file.") var path: String?
    @Parameter("managed: a query that returns when the last snapshot was taken.") var query: SQLStatement?
    @Parameter("managed: when the last snapshot was taken, as its maker says: 2026-11-21 03:00+01.") var takenAt: String?
    @Parameter("command: a program, without a shell, that prints when the last backup ended.") var command: [String] = []
    @Parameter("pgbackrest and basebackup: restores the backup beside the server, starts it and asks it.")
    var restoreTest: RestoreKeys?

    func check(_ report: inout Diagnostics) {
      report.positive(every, at: $every)
      for wanted in BackupParameter.allCases { wanted.check(self, &report) }
      if restoreTest != nil, ![.pgbackrest, .basebackup].contains(provider) {
        report.error(
          "backup.restore", "a \(provider.rawValue) backup cannot be restored here", at: $restoreTest,
          hint: "restore it with its own tools, and have provider command or managed say when that was")
      }
      if let repo, repo < 1 { report.error("value.range", "repositories are counted from 1", at: $repo) }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    if wanted.wantsArchiving, let problem = try await Archiving.problem(facts) { return closed(problem, wanted) }
    let look: BackupLook
    switch wanted.provider {
    case .pgbackrest: look = try await PgBackRest(wanted).look(facts)
    case .basebackup: look = try await BaseBackup(wanted).look(facts)
    case .managed: look = try await DeclaredBackup(wanted).managed(facts)
    case .file: look = try await DeclaredBackup(wanted).file(facts)
    case .command: look = try await DeclaredBackup(wanted).command(facts)
    }
    switch look {
    case .none(let reason): return closed(reason, wanted)
    case .refused(let finding): return Program(findings: [finding])
    case .found(let backup):
      if let problem = try await BackupAge(wanted).problem(of: backup, facts) { return closed(problem, wanted) }
      return try await program(for: backup, step, facts)
    }
  }

  private static func program(
    for backup: FoundBackup, _ step: Step<Parameters>, _ facts: any Facts
  ) async throws -> Program {
    let age = try await BackupAge(step.parameters).text(of: backup, facts)
    var program = Program(findings: [.note("gate.open", "\(backup.name) ended \(age)" + backup.sizeText)])
    guard let keys = step.parameters.restoreTest else { return program }
    switch try await RestoreTest.plan(backup, keys, tag: step.runTag, facts) {
    case .success(let operation): program.operations = [operation]
    case .failure(let refusal): program.findings.append(refusal.finding)
    }
    return program
  }

  private static func closed(_ reason: String, _ wanted: Parameters) -> Program {
    Program(gates: [.closed(reason: reason, again: wanted.every)])
  }
}

extension GateBackup.Parameters {
  /// What is restored to a moment needs the log until then.
  var wantsArchiving: Bool { archiving ?? [.pgbackrest, .basebackup].contains(provider) }
}
