import PlanSchema
import PluginAPI
import SQLText

/// Restores a backup into a folder of its own, starts a server there that listens to nobody else, and asks it.
///
/// It is a bracket: however it ends, the server is stopped and the folder removed. The port is a socket's name only.
struct RestoreTest {
  let backup: FoundBackup
  let keys: RestoreKeys
  let user: HostUser
  /// Of the server programs.
  let bin: String
  let database: String
  let role: String
  let scratch: String
  /// Recovery wants these at least as large as they were on the original.
  let sizes: [String]

  struct Refusal: Error { let finding: Finding }

  /// The operation, or why the test cannot be made.
  static func plan(
    _ backup: FoundBackup, _ keys: RestoreKeys, tag: String, _ facts: any Facts
  ) async throws -> Result<Operation, Refusal> {
    do throws(Refusal) {
      let user = HostUser(keys.user), place = RestorePlace(keys: keys, user: user)
      let bin = try await place.programs(facts)
      try await place.check(backup, facts)
      let sizes = (try? await facts.rows(Self.sizes))?.compactMap { $0[0] } ?? []
      let who = (try? await facts.rows("SELECT current_database() AS database, session_user AS role"))?.first
      let name = String(String.UnicodeScalarView(tag.unicodeScalars.map { RestoreKeys.isPlain($0) && $0 != "/" ? $0 : "_" }))
      let test = RestoreTest(
        backup: backup, keys: keys, user: user, bin: bin, database: keys.database ?? who?["database"] ?? "postgres",
        role: who?["role"] ?? "postgres", scratch: "\(keys.folder)/restore-\(name.prefix(24))",
        sizes: sizes)
      return .success(test.operation)
    } catch {
      return .failure(error)
    }
  }

  private static let sizes: SQL = """
    SELECT name || '=' || setting FROM pg_settings WHERE name IN ('max_connections', 'max_worker_processes',
      'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction') ORDER BY name
    """

  private var data: String { scratch + "/data" }

  var operation: Operation {
    .bracket(
      id: "restore", title: "restore \(backup.name) and ask it",
      BracketWork(open: open, body: body, close: close, deadline: keys.timeout))
  }

  private func process(
    _ id: String, _ title: String, _ arguments: [String], probe: [String]? = nil, expect: String? = nil,
    evidence: Int? = nil
  ) -> Operation {
    Operation(
      id: id, title: title,
      work: .process(
        ProcessWork(
          user.running(arguments), timeout: keys.timeout, probe: probe.map(user.running), idempotent: true,
          expect: expect, evidence: evidence)),
      undo: .nothing)
  }

  // MARK: Opening

  private var open: [Operation] {
    [
      process("clear", "clear \(scratch)", ["rm", "-rf", "--", scratch]),
      process("folder", "make \(scratch)", ["mkdir", "-m", "700", "--", scratch, data]),
    ] + restore + [
      process(
        "access", "let nobody else in",
        [
          "awk", "BEGIN { print \"local all all trust\" > ARGV[1]; print \"\" > ARGV[2] }", scratch + "/hba",
          scratch + "/conf",
        ]),
      process(
        "start", "start a server on it",
        [
          bin + "/pg_ctl", "-D", data, "-l", scratch + "/log", "-w", "-t", "\(keys.timeout.milliseconds / 1000)", "-s",
          "-o", options, "start",
        ]),
    ]
  }

  private var restore: [Operation] {
    let mode = process("mode", "close it to others", ["chmod", "700", data])
    switch backup.source {
    case .pgbackrest(let tool, let label):
      return [
        process(
          "restore", "restore \(label)",
          ["pgbackrest"] + tool.options + [
            "--pg1-path=\(data)", "--set=\(label)", "--type=immediate", "--target-action=promote", "--archive-mode=off",
            "--tablespace-map-all=\(scratch)/tablespaces", "--log-level-file=off", "--log-level-console=warn", "restore",
          ]),
      ]
    case .folder(let folder, let isTar):
      return copy(folder, isTar: isTar) + [
        mode,
        process(
          "verify", "compare every file with the manifest",
          [bin + "/pg_verifybackup", "-q", "-m", folder + "/backup_manifest", data]),
      ]
    case .elsewhere: return []
    }
  }

  /// Links are followed: the copy must not reach into anything that is alive.
  private func copy(_ folder: String, isTar: Bool) -> [Operation] {
    guard isTar else { return [process("restore", "copy \(folder)", ["cp", "-rLp", "--", folder + "/.", data])] }
    return [("base", data), ("pg_wal", data + "/pg_wal")].map { name, into in
      process(
        "restore-\(name)", "unpack \(name)",
        ["find", folder, "-maxdepth", "1", "-name", "\(name).tar*", "-exec", "tar", "-xaf", "{}", "-C", into, ";"])
    }
  }

  /// Over what was backed up: nothing listens, archives, subscribes or runs commands of the original's, whose
  /// configuration may lie elsewhere and whose libraries need not be here. Without hot_standby a server counts as started
  /// while it still recovers.
  private var options: String {
    ([
      "config_file=\(scratch)/conf", "hba_file=\(scratch)/hba", "unix_socket_directories=\(scratch)", "port=5432",
      "listen_addresses=", "hot_standby=on", "ssl=off", "archive_mode=off", "archive_command=", "archive_cleanup_command=",
      "recovery_end_command=", "primary_conninfo=", "primary_slot_name=", "max_logical_replication_workers=0",
      "autovacuum=off", "shared_preload_libraries=", "shared_buffers=32MB", "huge_pages=off", "logging_collector=off",
      "external_pid_file=\(scratch)/pid",
    ] + sizes).map { "-c \($0)" }.joined(separator: " ")
  }

  // MARK: Asking

  private var body: [Operation] {
    let facts = """
      SELECT format('%s tables, %s, recovered to %s', (SELECT count(*) FROM pg_class WHERE relkind IN ('r','p')), \
      pg_size_pretty(pg_database_size(current_database())), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
      ELSE pg_current_wal_lsn() END)
      """
    return [
      process("look", "see what was restored", psql(facts), evidence: 1),
      process("ask", "ask the restored database", psql(question), expect: "t", evidence: 1),
    ]
  }

  private var question: String {
    keys.query?.text ?? "SELECT count(*) > 0 FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384"
  }

  private func psql(_ query: String) -> [String] {
    [bin + "/psql", "-h", scratch, "-p", "5432", "-U", role, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query]
  }

  // MARK: Closing

  private var close: [Operation] {
    [
      process(
        "stop", "stop the restored server", [bin + "/pg_ctl", "-D", data, "-m", "immediate", "-w", "-s", "stop"],
        probe: ["test", "!", "-e", data + "/postmaster.pid"]),
      process("remove", "remove \(scratch)", ["rm", "-rf", "--", scratch]),
    ]
  }
}
