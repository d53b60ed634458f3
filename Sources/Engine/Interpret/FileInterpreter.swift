import Digest
import FoundationEssentials
import Glibc
import Journal
import JSONText
import PluginAPI
import PlanSchema
import PostgresClient

/// A file written atomically: temporary file beside it, fsync, rename, fsync of the folder. The previous one is kept as
/// `NAME.before-RUN` for undo. Secrets are resolved here and nowhere else.
struct FileInterpreter {
  let context: TaskContext
  let work: FileWork

  func run(on connection: Connection) async throws {
    var content = ""
    for segment in work.content { content += try await resolve(segment, on: connection) }
    // A second try finds our own file: what was there before is what the first one found.
    let kept = context.task.intent?["kept"]?.bool ?? (access(work.path, F_OK) == 0)
    // Writing it again is harmless.
    if context.isInDoubt { try await context.decide(.absent, on: connection) }
    let intent: JSON = ["path": .string(work.path), "kept": .bool(kept)]
    try await connection.fenced(JournalSQL.intent(context.holding, task: context.task.task, intent))
    if kept { try keepPrevious() }
    try AtomicFile(path: work.path, mode: work.mode).write(content)
    let result: JSON = ["sha256": .string(SHA256.hex(of: content))]
    try await connection.fenced(JournalSQL.intentDone(context.holding, task: context.task.task, result: result))
  }

  /// For a rollback, which takes back what may be there.
  func settle(on connection: Connection) async throws { try await context.decide(.complete, on: connection) }

  /// Puts the previous file back, or removes ours where there was none. Once more does nothing.
  func undo() throws {
    if context.task.intent?["kept"]?.bool ?? false {
      if rename(keptPath, work.path) != 0, errno != ENOENT { throw AtomicFile.failure("put back", work.path) }
    } else if unlink(work.path) != 0, errno != ENOENT {
      throw AtomicFile.failure("remove", work.path)
    }
  }

  private var keptPath: String { "\(work.path).before-\(context.run.prefix(8))" }

  private func keepPrevious() throws {
    guard access(keptPath, F_OK) != 0, access(work.path, F_OK) == 0 else { return }
    guard link(work.path, keptPath) == 0 else { throw AtomicFile.failure("keep the previous", work.path) }
  }

  private func resolve(_ segment: FileWork.Segment, on connection: Connection) async throws -> String {
    switch segment {
    case .text(let text): return text
    case .secret(let reference): return try SecretSource(folder: context.workshop.folder).value(of: reference)
    case .scramVerifier(let user, let reference):
      let password = try SecretSource(folder: context.workshop.folder).value(of: reference)
      return try await connection.scramVerifier(user: user, password: password)
    }
  }
}

/// Where secrets come from at the moment they are needed.
struct SecretSource {
  let folder: String

  func value(of reference: SecretReference) throws -> String {
    switch reference {
    case .environment(let name):
      guard let raw = getenv(name) else {
        throw EngineError(.unusable, "the environment variable \(name) is not set", hint: "export \(name)=…")
      }
      return String(cString: raw)
    case .file(let path):
      let text = try PlanFolder(folder).text(of: path)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
  }
}
