extension PostgresError {
  /// What the operator does next, by SQLSTATE; the server's own hint where there is none better.
  package var nextStep: String? {
    PostgresError.nextSteps[sqlState ?? ""] ?? hint ?? PostgresError.classSteps[String((sqlState ?? "").prefix(2))]
      ?? (kind == .connection ? PostgresError.unreachable : nil)
  }

  private static let unreachable =
    "check that the server runs and that host, port, database and network path are right, then run the command again"

  private static let nextSteps: [String: String] = [
    "28P01": "wrong password: check the reference the environment reads it from, or ~/.pgpass",
    "28000": "pg_hba.conf lets no such user, database and address in (or wants TLS): ask who runs the server",
    "3D000": "the database does not exist: check the name in the target",
    "42501": "grant the privilege named in the message to the role, or set `role:` in the environment",
    "53100": "the server's disk is full: free space, then resume",
    "53200": "the server is out of memory: lower work_mem, maintenance_work_mem or the parallelism, then resume",
    "53300": "no connection is free: lower the parallelism, end idle sessions or raise max_connections",
    "55P03": "the lock was not free in time: look at who holds it, then retry",
    "55006": "the object is in use by another session: end that session or wait",
    "57014": "statement_timeout or another session stopped it: raise the step's timeout or look at the server's log",
    "57P01": "an administrator ended the session or the server is stopping: resume when it is up",
    "57P02": "the server crashed and is recovering: resume when it is up",
    "57P03": "the server is starting up or shutting down: try again in a moment",
    "25006": "the server is read-only (a standby?): point the target at the primary",
    "40001": "another transaction came between: the work can be tried again",
    "40P01": "deadlock: the work can be tried again",
    "08P01": "the pooler or the server cut the connection: resume",
    "25P04": "transaction_timeout ended the session: set it to 0 for this role",
    "25P03": "idle_in_transaction_session_timeout ended the session: raise it for this role",
    "0A000": "this server cannot do it: compare its version with the step's requirements",
    "42P01": "the relation does not exist: check its name and schema",
    "58030": "the server met an I/O error: look at its log before anything else",
  ]

  private static let classSteps: [String: String] = [
    "08": unreachable,
    "28": "check user, password and pg_hba.conf",
    "53": "the server is short of a resource: free it, then resume",
    "57": "somebody intervened on the server: look at its log, then resume",
    "58": "the server met a system error: look at its log",
    "XX": "the server found damage or a bug: look at its log before going on",
  ]
}
