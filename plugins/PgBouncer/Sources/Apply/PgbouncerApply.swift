import OnlineDDL
import PluginAPI

/// Puts a rendered file to use: tried first, then read again by the running PgBouncer, then compared; what it has not
/// taken over is taken back.
struct PgbouncerApply: StepKind {
  static let name = "pgbouncer.apply"
  static let summary = "Has a running PgBouncer take over a file, proven before and after; what fails is taken back."
  static let phases = ["look", "apply"]

  struct Parameters: ParameterSet {
    @Parameter("Admin console of the running PgBouncer, on this machine.") var admin: Secret
    @Parameter("The new pgbouncer.ini.") var file: String
    @Parameter("The one that PgBouncer reads; default: what its console says.") var config: String?
    @Parameter("The installed program, for the trial; default: looked for.") var program: String?
    @Parameter("Account that runs PgBouncer; default: whose its present file is.") var runAs: String?
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let compiler = ApplyCompiler(wanted: step.parameters, facts: facts)
    do {
      let running = try await compiler.running()
      // What is to be applied may be written by another step only then.
      return step.phase == phases[0] ? Program() : try await compiler.program(running)
    } catch let refusal as BouncerRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// Compares the file with what runs, and says how it gets there.
struct ApplyCompiler {
  let wanted: PgbouncerApply.Parameters
  let facts: any Facts

  struct Running {
    var config: String
    var version: BouncerVersion
    /// By key: what it is, and whether RELOAD changes it.
    var settings: [String: (value: String, isReloaded: Bool)]
  }

  func running() async throws -> Running {
    let rows: [Row], versions: [Row]
    do {
      rows = try await facts.admin("SHOW CONFIG", on: wanted.admin)
      versions = try await facts.admin("SHOW VERSION", on: wanted.admin)
    } catch {
      throw BouncerRefusal("pgbouncer.console", "\(error)", choices: ["start PgBouncer, or repair `admin`"], at: wanted.$admin)
    }
    let settings = Dictionary(
      rows.map { ($0["key"] ?? "", ($0["value"] ?? "", $0["changeable"] == "yes")) }, uniquingKeysWith: { $1 })
    let shown = settings["conffile"].map(\.0) ?? ""
    let config = wanted.config ?? shown
    guard try await path(config) == path(shown) else {
      throw BouncerRefusal(
        "pgbouncer.config", "the running PgBouncer reads \(shown), not \(config)", choices: ["leave `config` out"],
        at: wanted.$config)
    }
    guard let version = versions.first?.values.compactMap({ $0 }).compactMap({ BouncerVersion(parsing: $0) }).first else {
      throw BouncerRefusal("pgbouncer.console", "the console does not say which PgBouncer it is", choices: ["repair `admin`"], at: wanted.$admin)
    }
    return Running(config: try await path(config), version: version, settings: settings)
  }

  private func path(_ path: String) async throws -> String {
    guard let real = try? await facts.program(["realpath", "-e", "--", path]).split(separator: "\n").first else {
      throw BouncerRefusal(
        "pgbouncer.config", "\(path) is not there: PgBouncer has to run on this machine", choices: ["on: ITS HOST"], at: wanted.$admin)
    }
    return String(real)
  }

  func program(_ running: Running) async throws -> Program {
    let candidate = try await path(wanted.file)
    let text = try await facts.program(["cat", "--", candidate])
    let places = wanted.program.map { [$0] } ?? InstalledBouncer.places
    guard let installed = await InstalledBouncer.installed(places, facts) else {
      throw BouncerRefusal(
        "pgbouncer.missing", "PgBouncer is not installed here, so the file cannot be tried",
        choices: ["install it, or say where it is: program"], at: wanted.$program)
    }
    let account = try await account(of: running.config)
    let expected = WrittenConfig(text).settings
    var order = PoolerOrder(program: installed.program, account: account, expected: expected, answers: true)
    order.file = candidate
    let answer = try PoolerAnswer(json: try await facts.program(try order.arguments()))
    if let problem = answer.problem { throw BouncerRefusal([BouncerProblem.finding(problem, at: wanted.$file)]) }
    var findings = versionFindings(running, installed) + restartFindings(expected, running)
    findings += await TextDifference.findings(text, path: running.config, facts)
    return Program(
      findings: findings,
      operations: try operations(text, candidate, running, order, mode: candidate == running.config ? nil : 0o640))
  }

  private func account(of config: String) async throws -> String {
    if let account = wanted.runAs { return account }
    return try await facts.program(["stat", "-c", "%U", "--", config]).filter { !$0.isNewline }
  }

  // MARK: Findings

  private func versionFindings(_ running: Running, _ installed: (program: String, version: BouncerVersion)) -> [Finding] {
    guard installed.version != running.version else { return [] }
    return [
      .warning(
        "pgbouncer.version", "PgBouncer \(running.version) is running, and \(installed.version) is installed: what the one takes, the"
          + " other may not", choices: ["restart PgBouncer first, so that the installed one runs"], at: wanted.$admin)
    ]
  }

  private func restartFindings(_ expected: [String: String], _ running: Running) -> [Finding] {
    let waiting = expected.sorted { $0.key < $1.key }.filter { key, value in
      guard let now = running.settings[key], !now.isReloaded else { return false }
      return now.value != value
    }
    guard !waiting.isEmpty else { return [] }
    let list = waiting.map { "\($0.key) (\(running.settings[$0.key]?.value ?? "") now, \($0.value) in the file)" }
    return [
      .warning(
        "pgbouncer.restart", "only a restart of PgBouncer changes \(list.joined(separator: ", "))",
        choices: ["restart it afterwards: clients are disconnected", "leave them as they are"], at: wanted.$file)
    ]
  }

  // MARK: Operations

  /// `mode` of the file that is replaced; `nil`: it is in place already.
  private func operations(
    _ text: String, _ candidate: String, _ running: Running, _ trial: PoolerOrder, mode: Int?
  ) throws -> [Operation] {
    var order = trial
    order.answers = false
    order.file = running.config
    order.reload = PoolerOrder.Reload(console: wanted.admin.description)
    var back = order
    let changed = order.expected.filter { running.settings[$0.key]?.isReloaded == true }
    back.expected = Dictionary(changed.map { ($0.key, running.settings[$0.key]?.value ?? "") }, uniquingKeysWith: { $1 })
    let reload = Operation(
      id: "reload", title: "have PgBouncer read \(running.config), and compare", work: .process(try process(order)), undo: .nothing)
    guard let mode else { return [asked(undo: .nothing), reload] }
    let file = FileWork(path: running.config, mode: mode, content: [.text(text)], owner: trial.account)
    // Taken back last, when the previous file is in its place again.
    let before = asked(
      undo: .operations([
        Operation(
          id: "back", title: "have PgBouncer read the previous \(running.config)", work: .process(try process(back)), undo: .nothing)
      ]))
    let write = Operation(id: "config", title: "write \(running.config)", work: .file(file), undo: .nothing)
    return [before, write, reload]
  }

  private func asked(undo: Undo) -> Operation {
    .admin(id: "before", title: "ask PgBouncer which it is", AdminWork(console: wanted.admin, command: "SHOW VERSION"), undo: undo)
  }

  private func process(_ order: PoolerOrder) throws -> ProcessWork {
    ProcessWork(try order.arguments(), timeout: .minutes(2), idempotent: true)
  }
}

/// What a pgbouncer.ini says in its section `[pgbouncer]`, as SHOW CONFIG would.
struct WrittenConfig {
  var settings: [String: String] = [:]

  init(_ text: String) {
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let trimmed = String(line.trimmed)
      if trimmed.isEmpty || trimmed.hasPrefix(";") || trimmed.hasPrefix("#") { continue }
      if trimmed.hasPrefix("[") {
        section = trimmed
        continue
      }
      guard section == "[pgbouncer]", let sign = trimmed.firstIndex(of: "=") else { continue }
      let key = String(Substring(trimmed[..<sign]).trimmed)
      settings[key] = String(Substring(trimmed[trimmed.index(after: sign)...]).trimmed)
    }
  }
}

extension Substring {
  /// Without blanks at either end.
  fileprivate var trimmed: Substring {
    var rest = drop { $0.isWhitespace }
    while rest.last?.isWhitespace == true { rest = rest.dropLast() }
    return rest
  }
}
