package import Catalog
import PlanSchema
package import PostgresClient
import SQLText

/// The database a run works on and how it is reached.
package struct TargetAddress: Sendable {
  /// The environment's name: one of the three things that tell a database from its copies.
  package var name: String
  package var connection: ConnectionString
  /// Where `connection` goes through a pooler: a direct way for operations that need a session.
  package var session: ConnectionString?
  package var role: String?
  /// How long what a runner holds is its own without a word from it.
  package var lease: Duration
  /// What its connections resolve references with.
  package var secrets: SecretSource
  /// How the target is reached whose evidence is required; asked when it is read.
  package var evidence: (@Sendable () async throws -> ConnectionString)?

  package init(
    name: String, connection: ConnectionString, session: ConnectionString? = nil, role: String? = nil,
    lease: Duration = .seconds(30), secrets: SecretSource = SecretSource()
  ) {
    self.secrets = secrets
    self.name = name
    self.connection = connection
    self.session = session
    self.role = role
    self.lease = lease
  }
}

/// Connections to one target. Work connections are reused; what needs a session gets a direct one.
package actor Target {
  package nonisolated let address: TargetAddress
  /// Past the pooler, where there is such a way.
  private var idle: [Connection] = []
  /// Through the pooler.
  private var idlePooled: [Connection] = []
  /// `nil`: nobody has looked yet.
  private var isPooler: Bool?
  private var known: Capabilities?

  package init(_ address: TargetAddress) { self.address = address }

  /// A connection of the caller's own, past the pooler where there is such a way: a paused pool must stop neither the
  /// journal nor the heartbeat.
  package func connect(purpose: String) async throws -> Connection {
    try await open(address.session ?? address.connection, purpose: purpose)
  }

  private func open(_ string: ConnectionString, purpose: String) async throws -> Connection {
    var settings = ConnectionSettings(applicationName: "caisson:\(purpose)")
    settings.secrets = { [secrets = address.secrets] reference in
      do throws(SecretUnavailable) { return .success(try secrets.text(of: reference)) } catch {
        return .failure(PostgresError(.server, "\(error)", hint: "the value is needed while the run goes on"))
      }
    }
    let connection = try await Connection.connect(string, settings)
    try await connection.pinForSession()
    return connection
  }

  /// The same database past the pooler, for work inside a bracket that may have paused it.
  nonisolated var direct: Target {
    guard let session = address.session else { return self }
    var direct = address
    (direct.connection, direct.session) = (session, nil)
    return Target(direct)
  }

  /// One of the idle connections, or a new one: past the pooler where there is such a way.
  package func work() async throws -> Connection {
    while let connection = idle.popLast() {
      if await connection.isOpen { return connection }
    }
    return try await connect(purpose: "work")
  }

  /// The same for the work of steps, which goes through the pooler.
  package func stepWork() async throws -> Connection {
    guard address.session != nil, isPooler != false else { return try await work() }
    while let connection = idlePooled.popLast() {
      if await connection.isOpen { return connection }
    }
    let connection = try await open(address.connection, purpose: "work")
    isPooler = connection.isPooled
    return connection
  }

  package func giveBack(_ connection: Connection) async {
    guard await connection.isOpen else {
      // What broke it may have broken the others: each would cost another attempt.
      await connection.close()
      return await close()
    }
    if connection.isPooled, address.session != nil {
      if idlePooled.count < 16 { idlePooled.append(connection) } else { await connection.close() }
    } else {
      if idle.count < 16 { idle.append(connection) } else { await connection.close() }
    }
  }

  /// Lends a work connection; what `body` leaves open when it fails is rolled back.
  nonisolated func lending<Value: Sendable>(
    _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    let connection = try await work()
    do {
      let value = try await body(connection)
      await giveBack(connection)
      return value
    } catch {
      await connection.rollback()
      await giveBack(connection)
      throw error
    }
  }

  /// A direct session: what `CREATE INDEX CONCURRENTLY` and friends need.
  package func session(purpose: String) async throws -> Connection {
    guard let direct = address.session else {
      let connection = try await open(address.connection, purpose: purpose)
      guard connection.isPooled else { return connection }
      await connection.close()
      throw Target.needsSession
    }
    return try await open(direct, purpose: purpose)
  }

  static let needsSession = EngineError(
    .refused, "the target goes through a connection pooler, and an operation needs a session of its own",
    hint: "add session_target: with a direct connection to the environment")

  package func capabilities() async throws -> Capabilities {
    if let known { return known }
    let connection = try await work()
    let found = Capabilities(
      version: connection.serverVersion, pooled: connection.isPooled && address.session == nil)
    await giveBack(connection)
    known = found
    return found
  }

  package func close() async {
    for connection in idle + idlePooled { await connection.close() }
    (idle, idlePooled) = ([], [])
  }
}

/// Session state every piece of work starts from.
enum WorkSession {
  /// pg_catalog comes first by itself; `public` is what unqualified names in a plan mean.
  static let searchPath = "public, pg_temp"

  static func pins(lockTimeout: Duration, statementTimeout: Duration) -> PinnedSettings {
    var pins = PinnedSettings(
      searchPath: searchPath, statementTimeout: statementTimeout, lockTimeout: lockTimeout,
      // A process that stands still inside a transaction keeps its rows, and tables, from everybody as long as it does.
      // It is also the longest that a client which has vanished without a word holds its rows.
      idleInTransactionTimeout: .seconds(30))
    // A killed client's statement ends soon, and with it what it keeps from the runner that takes over.
    pins.others["client_connection_check_interval"] = "2s"
    return pins
  }

  /// The server's own look at a client's machine that no longer answers; a socket in the file system ignores it.
  static let keepalives = ["tcp_keepalives_idle": "15s", "tcp_keepalives_interval": "5s", "tcp_keepalives_count": "3"]
}

extension Connection {
  /// A direct session keeps its pins; behind a pooler every transaction sets them again.
  func pinForSession() async throws {
    guard !isPooled else { return }
    var pins = WorkSession.pins(lockTimeout: .zero, statementTimeout: .zero)
    pins.others.merge(WorkSession.keepalives) { $1 }
    _ = try await query(pins.sql(forVersion: serverVersion, local: false))
  }

  /// Locks before the first snapshot. Utility statements only: a SELECT would take it.
  nonisolated func entering(_ locks: [SQL], lockTimeout: Duration, role: String?) -> [SQL] {
    guard !locks.isEmpty else { return [] }
    let limit: SQL = "SET LOCAL lock_timeout = \(literal: String(lockTimeout.milliseconds))"
    guard let role else { return [limit] + locks }
    return [limit, "SET LOCAL ROLE \(id: role)"] + locks + ["RESET ROLE"]
  }

  /// What a transaction begins with: all pins behind a pooler, only the two that vary on a direct session.
  nonisolated func openingStatements(lockTimeout: Duration, statementTimeout: Duration) -> [SQL] {
    guard isPooled else {
      let lock = String(lockTimeout.milliseconds), statement = String(statementTimeout.milliseconds)
      return ["SELECT set_config('lock_timeout', \(lock), true), set_config('statement_timeout', \(statement), true)"]
    }
    return [WorkSession.pins(lockTimeout: lockTimeout, statementTimeout: statementTimeout).sql(forVersion: serverVersion)]
  }
}
