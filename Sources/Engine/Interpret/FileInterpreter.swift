import Digest
import FoundationEssentials
import Glibc
import Journal
import JSONText
import PluginAPI
import PlanSchema
import PostgresClient
import RunModel
import SQLText

/// A file written atomically: temporary file beside it, fsync, rename, fsync of the folder. The previous one is kept as
/// `NAME.before-RUN` for undo, a link to nowhere where there was none. Intent first: after a crash it is written again,
/// or, in a rollback, taken back whether it had been written or not. Secrets are resolved here and nowhere else.
struct FileInterpreter {
  let context: TaskContext
  let work: FileWork

  func run(on connection: Connection) async throws {
    let task = context.task.task
    // Writing it again is harmless.
    if context.isInDoubt { try await context.decide(.absent, on: connection) }
    try await connection.fenced(JournalSQL.intent(context.holding, task: task, ["file": .string(path)]))
    var content = ""
    for segment in work.content { content += try await resolve(segment, on: connection) }
    try keepPrevious()
    try file.write(content)
    let result: JSON = ["sha256": .string(SHA256.hex(of: content))]
    try await connection.fenced(JournalSQL.intentDone(context.holding, task: task, result: result))
  }

  /// For a rollback, which takes back what may be there.
  func settle(on connection: Connection) async throws { try await context.decide(.complete, on: connection) }

  /// Puts the previous file back, or removes ours where there was none. Done twice, it does nothing the second time.
  func undo() throws {
    unlink(file.temporary)
    var kept = stat()
    guard lstat(keptPath, &kept) == 0 else { return }
    if kept.st_mode & S_IFMT == S_IFLNK {
      guard unlink(path) == 0 || errno == ENOENT else { throw AtomicFile.failure("remove", path) }
    } else {
      guard rename(keptPath, path) == 0 else { throw AtomicFile.failure("replace", path) }
    }
    // Two names of one file are left as they are by rename.
    guard unlink(keptPath) == 0 || errno == ENOENT else { throw AtomicFile.failure("remove", keptPath) }
    AtomicFile.flushFolder(of: path)
  }

  private var path: String { work.path.hasPrefix("/") ? work.path : "\(context.workshop.folder)/\(work.path)" }
  private var file: AtomicFile {
    AtomicFile(path: path, mode: work.mode, mark: String(context.run.prefix(8)), owner: work.owner)
  }
  private var keptPath: String { "\(path).before-\(context.run.prefix(8))" }

  /// Once: what stands there after a crash may be ours already.
  private func keepPrevious() throws {
    var about = stat()
    if lstat(keptPath, &about) == 0 { return }
    if link(path, keptPath) != 0 {
      guard errno == ENOENT, symlink("nothing was here", keptPath) == 0 else {
        throw AtomicFile.failure("keep the previous", path)
      }
    }
    AtomicFile.flushFolder(of: path)
  }

  private func resolve(_ segment: FileWork.Segment, on connection: Connection) async throws -> String {
    switch segment {
    case .text(let text): return text
    case .secret(let reference): return try value(of: reference)
    case .scramVerifier(let user, let reference):
      return try await verifier(of: user, try value(of: reference), on: connection)
    case .hmac(let key, let message):
      let digest = SHA256.digest(of: try value(of: key))
      let code = try HMACSHA256.code(for: Array(try value(of: message).utf8), key: digest)
      return Hexadecimal.text(code)
    case .time:
      let now: SQL = """
        SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        """
      return try await connection.query(now).value ?? ""
    }
  }

  private func value(of reference: SecretReference) throws -> String { try value(of: reference.secret) }

  private func value(of secret: Secret) throws -> String {
    do { return try context.workshop.secrets.text(of: secret) } catch {
      throw EngineError(.unusable, "\(error)", hint: "set it, then resume")
    }
  }

  /// A new one has a salt of its own. A pooler that has another one than the server cannot log in there with what a
  /// client has proven, and a file that is written again should not change; so one that is of this password is kept.
  private func verifier(of user: String, _ password: String, on connection: Connection) async throws -> String {
    if let kept = try await ScramVerifier.kept(of: user, on: connection), try kept.verifies(password) { return kept.text }
    let present = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    if let kept = try ScramVerifier.all(in: present, of: user).first(where: { try $0.verifies(password) }) {
      return kept.text
    }
    return try await connection.scramVerifier(user: user, password: password)
  }
}

extension SecretReference {
  fileprivate var secret: Secret {
    switch self {
    case .environment(let name): Secret([.environment(name)])
    case .file(let path): Secret([.file(path)])
    }
  }
}
