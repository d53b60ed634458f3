import OnlineDDL
import PluginAPI

/// Pauses pools, until somebody resumes them: to be used where a bracket cannot be, as around a restart of the server.
struct PgbouncerPause: StepKind {
  static let name = "pgbouncer.pause"
  static let summary = "Pauses pools: their clients wait until pgbouncer.resume."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("Admin consoles: an address each, its password as a reference.") var admin: [Secret]
    @Parameter("Pools by name; default: every pool of the target's database.") var databases: [String] = []
    @Parameter("How long PAUSE waits for transactions to end.", tuning: true) var timeout = TimeSpan.seconds(30)

    func check(_ report: inout Diagnostics) { PoolerLimits.check(admin, $admin, timeout, $timeout, &report) }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    do {
      let pause = try await PoolerPause.find(wanted.admin, names: wanted.databases, facts, at: wanted.$admin)
      return Program(operations: pause.pausing(within: wanted.timeout, undo: true))
    } catch let refusal as PoolerPause.Refused {
      return Program(findings: refusal.findings)
    }
  }
}

/// Resumes pools that are paused; of those that are not, nothing.
struct PgbouncerResume: StepKind {
  static let name = "pgbouncer.resume"
  static let summary = "Resumes paused pools."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("Admin consoles: an address each, its password as a reference.") var admin: [Secret]
    @Parameter("Pools by name; default: every pool of the target's database.") var databases: [String] = []

    func check(_ report: inout Diagnostics) { PoolerLimits.check(admin, $admin, .seconds(30), $admin, &report) }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    do {
      let pause = try await PoolerPause.find(wanted.admin, names: wanted.databases, facts, at: wanted.$admin)
      return Program(operations: pause.resuming())
    } catch let refusal as PoolerPause.Refused {
      return Program(findings: refusal.findings)
    }
  }
}

enum PoolerLimits {
  static func check(
    _ consoles: [Secret], _ at: SourceRange, _ timeout: TimeSpan, _ timeoutAt: SourceRange, _ report: inout Diagnostics
  ) {
    if consoles.isEmpty { report.error("pooler.console", "no admin console, no pool", at: at) }
    if !(TimeSpan.milliseconds(10)...TimeSpan.hours(1)).contains(timeout) {
      report.error("pgbouncer.timeout", "between 10ms and 1h", at: timeoutAt)
    }
  }
}
