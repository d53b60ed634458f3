import CPostgres
import Dispatch
import Glibc
import Synchronization

extension Session {
  /// Connects; `abandoned` turns true when nobody waits for it any more.
  static func open(
    _ target: ConnectionString, _ settings: ConnectionSettings, abandoned: AbandonFlag
  ) throws(PostgresError) -> Session {
    if let error = target.syntaxError { throw error }
    let arguments = target.arguments(settings)
    let conn = try start(target, arguments, settings, abandoned)
    let notices = NoticeBox(settings.onNotice)
    guard PQstatus(conn) == CONNECTION_OK, let handle = CancelHandle(conn) else {
      defer { PQfinish(conn) }
      throw connectError(conn, target)
    }
    let session = Session(conn: conn, cancelHandle: handle, notices: notices, redacted: target.redacted)
    session.secrets = SessionSecrets(settings.secrets)
    try session.identify(settings)
    return session
  }

  /// One host: polled, so that it can be abandoned and tells the SQLSTATE. Several: libpq's own timeout per host.
  private static func start(
    _ target: ConnectionString, _ arguments: [(String, String)], _ settings: ConnectionSettings, _ abandoned: AbandonFlag
  ) throws(PostgresError) -> OpaquePointer {
    let seconds = max(2, settings.connectTimeout.components.seconds)
    let own = target.parameters ?? [:]
    let places = [own["host"], own["hostaddr"], ConnectionString.environment("PGHOST")]
    if places.contains(where: { $0?.contains(",") ?? false }) || own["service"] != nil {
      let timed = own["service"] == nil ? [("connect_timeout", String(seconds))] : []
      return try unwrap(withArguments(timed + arguments) { PQconnectdbParams($0, $1, 1) })
    }
    let conn = try unwrap(withArguments(arguments) { PQconnectStartParams($0, $1, 1) })
    // Verbose messages of a refused connection carry the SQLSTATE, which libpq gives in no other way.
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE)
    let wanted = own["connect_timeout"] ?? ConnectionString.environment("PGCONNECT_TIMEOUT")
    let limit = wanted.flatMap { Int64($0) } ?? seconds
    if let problem = poll(conn, seconds: limit, abandoned) {
      PQfinish(conn)
      var error = problem
      error.message = "connection to \(target.redacted) failed: \(problem.message)"
      throw error
    }
    return conn
  }

  private static func unwrap(_ conn: OpaquePointer?) throws(PostgresError) -> OpaquePointer {
    guard let conn else { throw PostgresError(.connection, "out of memory") }
    return conn
  }

  /// `nil` when the attempt has ended, well or badly; an error when its time is over. A limit of 0 is none.
  private static func poll(_ conn: OpaquePointer, seconds: Int64, _ abandoned: AbandonFlag) -> PostgresError? {
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(max(seconds, 0)) * 1_000_000_000
    var wish = PGRES_POLLING_WRITING
    while PQstatus(conn) != CONNECTION_BAD {
      if abandoned.isSet { return .canceled }
      if seconds > 0, DispatchTime.now().uptimeNanoseconds > end {
        return PostgresError(.connection, "no answer in \(seconds) s")
      }
      guard waitFor(PQsocket(conn), write: wish == PGRES_POLLING_WRITING, milliseconds: 200) else { continue }
      wish = PQconnectPoll(conn)
      if wish == PGRES_POLLING_OK || wish == PGRES_POLLING_FAILED { return nil }
    }
    return nil
  }

  /// True when the socket is ready (or has failed, which libpq then finds out).
  static func waitFor(_ socket: CInt, write: Bool, milliseconds: CInt, alsoRead: Bool = false) -> Bool {
    let events = write ? (alsoRead ? POLLIN | POLLOUT : POLLOUT) : POLLIN
    var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
    return Glibc.poll(&entry, 1, milliseconds) > 0
  }

  /// The server has closed its end. What it said before may still be there to read.
  var isHungUp: Bool {
    // Linux's POLLRDHUP, which the module Glibc leaves out.
    let hungUp: CInt = 0x2000
    var entry = pollfd(fd: PQsocket(conn), events: Int16(hungUp), revents: 0)
    return Glibc.poll(&entry, 1, 0) > 0
  }

  private static func withArguments<Value>(
    _ arguments: [(String, String)],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?) -> Value
  ) -> Value {
    withCStrings(arguments.map { $0.0 } + [nil]) { names in
      withCStrings(arguments.map { $0.1 } + [nil]) { values in body(names, values) }
    }
  }

  /// `… failed: FATAL:  28P01: password authentication failed`: takes the code out, keeps the first lines.
  private static func connectError(_ conn: OpaquePointer, _ target: ConnectionString) -> PostgresError {
    let raw = PQerrorMessage(conn).map { String(cString: $0) } ?? ""
    let lines = raw.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }.map(String.init)
    var message = target.scrubbed(lines.first ?? "connection failed")
    var state: String?
    if let match = message.firstMatch(of: #/: {2}([0-9A-Z]{5}): /#) {
      state = String(match.1)
      message.replaceSubrange(match.range, with: ": ")
    }
    var error = PostgresError(.connection, message, sqlState: state)
    error.hint = lines.first { $0.hasPrefix("HINT:") }.map { target.scrubbed(String($0.dropFirst(5).drop { $0 == " " })) }
    return error
  }
}

/// Tells a connection attempt on its thread that its task was cancelled.
final class AbandonFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  func set() { flag.store(true, ordering: .relaxed) }
  var isSet: Bool { flag.load(ordering: .relaxed) }
}

extension ConnectionString {
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
