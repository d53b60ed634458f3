import ChildProcess
import FoundationEssentials
import Glibc
import PluginAPI
import PostgresClient

/// Has a running PgBouncer read its file, and does not believe its answer: 1.18 says RELOAD whatever happens, and every
/// version puts what comes after a broken line to its default. What is not as meant is taken back.
struct PoolerReload {
  let order: PoolerOrder
  let reload: PoolerOrder.Reload

  private var file: String { order.file ?? "" }

  func run() async throws -> [String] {
    try await tryFirst()
    let address = ConnectionString(try PoolerProgram.secret(reload.console)).database("pgbouncer")
    let console = try await connect(address)
    let before: ShownConfig
    do { before = try await ShownConfig(console) } catch { throw refused(error) }
    let answer = await Self.message { try await console.script("RELOAD") }
    let after = try await shown(console, address)
    let differences = after.differences(from: order.expected, except: before.fixed)
    if answer == nil, differences.isEmpty {
      await console.close()
      return ["\(order.expected.count) settings as meant"] + restartOnly(after)
    }
    let repair = await PoolerRepair(file: file, console: console, address: address, before: before).run()
    await console.close()
    let what = (answer.map { ["it says: \($0)"] } ?? []) + differences
    throw PoolerAnswer.Problem(.reload, "PgBouncer has not taken \(file) over: \(what.joined(separator: "; "))", hint: repair)
  }

  /// In a process of its own, which may give up being root.
  private func tryFirst() async throws {
    var attempt = order
    attempt.reload = nil
    attempt.answers = true
    let words = try attempt.arguments()
    let output = try await Command(
      OwnProgram().resolved(words), additions: [OwnProgram.folder: Environment.value(OwnProgram.folder) ?? "."],
      timeout: .seconds(60)
    ).run()
    let answer = try? PoolerAnswer(json: output.text)
    if let problem = answer?.problem { throw problem }
    if answer == nil { throw PoolerAnswer.Problem(.broken, "\(file) could not be tried: \(output.errorText)") }
  }

  private func connect(_ address: ConnectionString) async throws -> Connection {
    do { return try await Connection.connect(address, ConnectionSettings(adminConsole: true)) } catch {
      throw PoolerAnswer.Problem(.console, "cannot reach the admin console at \(address.redacted): \(error.message)")
    }
  }

  /// Over a new connection where the old one was closed.
  private func shown(_ console: Connection, _ address: ConnectionString) async throws -> ShownConfig {
    if let shown = try? await ShownConfig(console) { return shown }
    let other = try await connect(address)
    defer { Task { await other.close() } }
    do { return try await ShownConfig(other) } catch { throw refused(error) }
  }

  private func refused(_ error: any Error) -> PoolerAnswer.Problem {
    PoolerAnswer.Problem(.console, "PgBouncer refuses SHOW CONFIG: \((error as? PostgresError)?.message ?? "\(error)")")
  }

  static func message(_ body: () async throws -> Void) async -> String? {
    do { try await body() } catch { return (error as? PostgresError)?.message ?? "\(error)" }
    return nil
  }

  private func restartOnly(_ after: ShownConfig) -> [String] {
    let waiting = after.differences(from: order.expected.filter { after.fixed.contains($0.key) })
    return waiting.isEmpty ? [] : ["only a restart of PgBouncer changes: \(waiting.joined(separator: "; "))"]
  }
}

extension Connection {
  /// For its effect.
  fileprivate func run(_ command: String) async throws { _ = try await script(command) }
}

/// Puts the previous file back and has it read: over the console, or by a signal where that lets us in no more.
private struct PoolerRepair {
  let file: String
  let console: Connection
  let address: ConnectionString
  let before: ShownConfig

  /// In words, what came of it.
  func run() async -> String {
    guard let kept = newestKept() else {
      return "there is no previous file to put back: repair \(file), then send SIGHUP to PgBouncer"
    }
    guard let text = try? String(contentsOfFile: kept, encoding: .utf8), let mode = Self.mode(of: file),
      (try? AtomicFile(path: file, mode: mode, mark: "repair", owner: Account.owner(of: file)).write(text)) != nil
    else { return "\(kept) could not be put back: do so, then send SIGHUP to PgBouncer" }
    for way in [overOld, overNew, bySignal] {
      guard await way() else { continue }
      if await isAsBefore() { return "the previous file was put back and is in use again" }
    }
    return "the previous file was put back; send SIGHUP to PgBouncer, which does not take it over from us"
  }

  private func newestKept() -> String? {
    let parts = file.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().joined(separator: "/"), name = "\(parts.last ?? "").before-"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    let found = names.filter { $0.hasPrefix(name) }.compactMap { name -> (path: String, time: Int)? in
      var about = stat()
      let path = "\(folder)/\(name)"
      guard lstat(path, &about) == 0, about.st_mode & S_IFMT == S_IFREG else { return nil }
      return (path, about.st_ctim.tv_sec)
    }
    return found.max { $0.time < $1.time }?.path
  }

  private static func mode(of path: String) -> Int? {
    var about = stat()
    return stat(path, &about) == 0 ? Int(about.st_mode & 0o777) : nil
  }

  private func overOld() async -> Bool { await PoolerReload.message { try await console.run("RELOAD") } == nil }

  private func overNew() async -> Bool {
    guard let other = try? await Connection.connect(address, ConnectionSettings(adminConsole: true)) else { return false }
    let answer = await PoolerReload.message { try await other.run("RELOAD") }
    await other.close()
    return answer == nil
  }

  private func bySignal() async -> Bool {
    guard let path = before.values["pidfile"], !path.isEmpty,
      let text = try? String(contentsOfFile: path, encoding: .utf8),
      let pid = Int32(text.split(whereSeparator: \.isWhitespace).first ?? ""),
      (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.hasPrefix("pgbouncer") == true
    else { return false }
    guard kill(pid, SIGHUP) == 0 else { return false }
    try? await Task.sleep(for: .milliseconds(200))
    return true
  }

  private func isAsBefore() async -> Bool {
    var shown = try? await ShownConfig(console)
    if shown == nil, let other = try? await Connection.connect(address, ConnectionSettings(adminConsole: true)) {
      shown = try? await ShownConfig(other)
      await other.close()
    }
    return shown?.differences(from: before.values, except: before.fixed).isEmpty ?? false
  }
}
