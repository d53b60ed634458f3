import OnlineDDL
import PluginAPI

/// All that is found out about the machine and the server, and the files that follow from it.
struct RenderCompiler {
  let wanted: PgbouncerRender.Parameters
  let facts: any Facts

  func program() async throws -> Program {
    let installed = try await InstalledBouncer.find(wanted, facts)
    let version = installed.version
    let keys = keyFindings(version)
    guard keys.isEmpty else { return Program(findings: keys) }
    let account = try await account()
    let folder = try await folder()
    let server = try await PooledServer.read(facts)
    let sizing = try await PoolSizing(wanted: wanted, server: server, cores: cores(of: server))
    let config = RenderedConfig(wanted: wanted, version: version, folder: folder, server: server, sizing: sizing)
    var findings = [
      Finding.note("pgbouncer.sizing", sizing.arithmetic, at: wanted.$pool)
    ] + sizing.findings(at: wanted.$pool) + (try await OpenFiles(wanted: wanted, sizing: sizing, facts: facts).findings())
    findings += try await RoleFindings(wanted: wanted, facts: facts).findings()
    findings += ModeFindings(wanted: wanted, version: version).findings()
    findings += try await SessionHazards(wanted: wanted, version: version, facts: facts).findings()
    findings += await TextDifference.findings(config.text, path: "\(folder)/pgbouncer.ini", facts)
    if wanted.validate, findings.allSatisfy({ $0.severity != .refusal }) {
      findings += try await trial(config, installed, account)
    }
    let files = RenderedFiles(wanted: wanted, config: config, folder: folder, account: account, installed: installed)
    return Program(findings: findings, operations: try files.operations())
  }

  private func keyFindings(_ version: BouncerVersion) -> [Finding] {
    wanted.databases.flatMap { $0.value.findings(for: version) } + wanted.users.flatMap { $0.value.settings.findings(for: version) }
      + wanted.timeouts.findings(for: version) + wanted.extra.findings(for: version)
  }

  // MARK: The machine

  /// PgBouncer refuses to run as root.
  private func account() async throws -> String {
    let own = try await facts.program(["id", "-un"]).filter { !$0.isNewline }
    let account = wanted.runAs ?? (own == "root" ? "postgres" : own)
    guard let id = try? await facts.program(["id", "-u", account]).filter({ !$0.isNewline }) else {
      throw BouncerRefusal(
        "pgbouncer.account", "there is no account \(account) here to run PgBouncer", choices: ["run_as: ACCOUNT"],
        at: wanted.$runAs)
    }
    guard id != "0" else {
      throw BouncerRefusal(
        "pgbouncer.root", "PgBouncer refuses to run as root", choices: ["run_as: an account of its own, such as postgres"],
        at: wanted.$runAs)
    }
    return account
  }

  private func folder() async throws -> String {
    guard let path = try? await facts.program(["realpath", "-e", "--", wanted.to]).split(separator: "\n").first,
      (try? await facts.program(["test", "-d", String(path)])) != nil
    else {
      throw BouncerRefusal("pgbouncer.folder", "\(wanted.to) is no folder", choices: ["mkdir -p \(wanted.to)"], at: wanted.$to)
    }
    return String(path)
  }

  private func cores(of server: PooledServer) async throws -> Int? {
    if let cores = wanted.pool.cores { return cores }
    guard server.isLocal else { return nil }
    return try await Int(facts.program(["nproc"]).filter { !$0.isNewline })
  }

  // MARK: Starting it

  private func trial(_ config: RenderedConfig, _ installed: InstalledBouncer, _ account: String) async throws -> [Finding] {
    guard let program = installed.program else {
      throw BouncerRefusal(
        "pgbouncer.missing", "PgBouncer is not installed here, so nothing can be tried",
        choices: ["install it, or say where it is: program", "validate: false"], at: wanted.$validate)
    }
    var order = PoolerOrder(program: program, account: account, expected: config.expected, answers: true)
    order.text = config.text
    if try await !isOurs() {
      order.port = wanted.listen.port
      order.listen = wanted.listen.addresses
    }
    let answer = try PoolerAnswer(json: try await facts.program(try order.arguments()))
    if let problem = answer.problem { return [BouncerProblem.finding(problem, at: wanted.$validate)] }
    return answer.notes.map { .note("pgbouncer.tried", $0, at: wanted.$validate) }
  }

  /// The PgBouncer that is to use the files may well listen on their port.
  private func isOurs() async throws -> Bool {
    guard let admin = wanted.admin, let rows = try? await facts.admin("SHOW CONFIG", on: admin) else { return false }
    return rows.contains { $0["key"] == "listen_port" && $0["value"] == String(wanted.listen.port) }
  }
}

/// A problem of a trial as a finding.
enum BouncerProblem {
  static func finding(_ problem: PoolerAnswer.Problem, at range: SourceRange?) -> Finding {
    let codes: [PoolerAnswer.Problem.Kind: String] = [
      .missing: "pgbouncer.missing", .root: "pgbouncer.root", .port: "pgbouncer.port_taken", .broken: "pgbouncer.broken",
      .differs: "pgbouncer.differs", .login: "pgbouncer.login", .console: "pgbouncer.console", .reload: "pgbouncer.reload",
    ]
    return .refusal(
      codes[problem.kind] ?? "pgbouncer.broken", problem.message,
      choices: [problem.hint ?? "change the setting that it names"], at: range)
  }
}
