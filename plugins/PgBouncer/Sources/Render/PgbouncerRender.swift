import OnlineDDL
import PluginAPI

/// Writes pgbouncer.ini and who may log in, sized by arithmetic, after PgBouncer itself has started with it.
struct PgbouncerRender: StepKind {
  static let name = "pgbouncer.render"
  static let summary = "PgBouncer's files: sized by arithmetic, checked by starting it with them."

  struct Parameters: ParameterSet {
    @Parameter("Folder of pgbouncer.ini and userlist.txt: it has to be there.") var to: String
    @Parameter("Pools by the name that clients ask for; each with settings of a line of `[databases]`.")
    var databases: OrderedMap<KeySettings<OfDatabase>>
    @Parameter("Users by name: `password`, and settings of a line of `[users]`.") var users: OrderedMap<UserEntry> = [:]
    @Parameter("Users of the admin console, with their `password`.") var admins: OrderedMap<UserEntry> = [:]
    @Parameter("Version of PgBouncer; default: of the one that is installed.") var version: BouncerVersion?
    @Parameter("The installed program; default: looked for.") var program: String?
    @Parameter("Account that runs PgBouncer, and owns the files where we may give them away; default: ours, for root `postgres`.")
    var runAs: String?
    @Parameter("When a client gives its server connection back.") var poolMode = PoolMode.transaction
    @Parameter("Connections to the server.") var pool = PoolChoices()
    @Parameter("Clients at most.") var maxClientConn = 1000
    @Parameter("Files that PgBouncer may have open (`ulimit -n`, `LimitNOFILE`); default: as many as programs of ours.")
    var openFiles: Int?
    @Parameter("Who may log in, and how.") var auth = AuthChoices()
    @Parameter("Where it listens.") var listen = ListenChoices()
    @Parameter("Admin console of the PgBouncer that these files are for, when it runs already: its port is not taken then.")
    var admin: Secret?
    @Parameter("Settings of `[pgbouncer]` that are times: `query_wait_timeout: 30s`.") var timeouts = KeySettings<Timeouts>()
    @Parameter("Other settings of `[pgbouncer]`.") var extra = KeySettings<InSection>()
    @Parameter("Statements of the application to be looked through.") var statements = StatementSources()
    @Parameter("PgBouncer is started with the files, and its settings are compared.") var validate = true

    func check(_ report: inout Diagnostics) {
      for setting in extra.entries where RenderedConfig.own.keys.contains(setting.key.name) {
        report.error(
          "pgbouncer.extra", "\(setting.key.name) is set by `\(RenderedConfig.own[setting.key.name] ?? "")`", at: setting.range)
      }
      for setting in extra.entries where timeouts[setting.key.name] != nil {
        report.error("pgbouncer.extra", "\(setting.key.name) stands in `timeouts` too", at: setting.range)
      }
      for entry in databases where entry.key == "*" {
        report.error(
          "pgbouncer.wildcard", "pools of whatever name a client says cannot be counted", at: entry.range,
          hint: "name the databases")
      }
      for entry in databases {
        for setting in entry.value.entries where setting.key.name == "password" {
          report.error(
            "secret.literal", "a password would stand in pgbouncer.ini in plain text", at: setting.range,
            hint: "let clients log in as themselves, or give the user a password under `users`")
        }
      }
      if databases.isEmpty { report.error("pgbouncer.databases", "no database, no pool", at: $databases) }
      if !(1...1_000_000).contains(maxClientConn) {
        report.error("pgbouncer.max_client_conn", "between 1 and 1000000", at: $maxClientConn)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do { return try await RenderCompiler(wanted: step.parameters, facts: facts).program() } catch let refusal as BouncerRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

/// What stands in the way, found before anything was compiled.
struct BouncerRefusal: Error {
  var findings: [Finding]

  init(_ findings: [Finding]) { self.findings = findings }

  init(_ code: String, _ message: String, choices: [String], at range: SourceRange? = nil) {
    findings = [.refusal(code, message, choices: choices, at: range)]
  }
}
