import PluginAPI
import PlanSchema
import PostgresClient
import SQLText
import Synchronization

extension SecretSource {
  /// The pooler's own database, whatever the address names.
  func address(of console: Secret) throws(SecretUnavailable) -> ConnectionString {
    ConnectionString(try text(of: console)).database("pgbouncer")
  }
}

/// One command on PgBouncer's admin console, each on a connection of its own: after an error it is closed anyway.
struct AdminConsole: Sendable {
  let secrets: SecretSource
  let work: AdminWork

  /// Runs the command. An error after which the probe says that it is so is none; a PAUSE without an answer has begun
  /// and is not over, whatever the console shows.
  func run() async throws {
    do {
      _ = try await script(work.command)
    } catch let silence as EngineError where silence.isSilence {
      throw silence
    } catch {
      if error is CancellationError || Task.isCancelled { throw CancellationError() }
      if (try? await isSo()) == true { return }
      throw error
    }
  }

  /// What the command says, which has to be a look: one `SHOW`.
  func look() async throws -> [Row] {
    let isOne = !work.command.contains { $0 == ";" || $0.isNewline }
    guard isOne, work.command.uppercased().hasPrefix("SHOW ") else {
      throw EngineError(.unusable, "`\(work.command)` is not one SHOW command")
    }
    return try await script(work.command)
  }

  /// What the probe says; `nil` without one.
  func isSo() async throws -> Bool? {
    guard let probe = work.probe else { return nil }
    let rows = try await script(probe.show)
    let row = rows.first { row in probe.row.allSatisfy { row[$0.key] == $0.value } }
    return row?[probe.column] == probe.value
  }

  private func script(_ text: String) async throws -> [Row] {
    let address = try secrets.address(of: work.console)
    let limit = work.timeout
    let outcome = await Limited.run(for: limit.duration) { () async -> Result<[Row], any Error> in
      do {
        let settings = ConnectionSettings(applicationName: "caisson:admin", adminConsole: true)
        let console = try await Connection.connect(address, settings)
        let answer: Result<[Row], any Error>
        do {
          if text == work.command { try await PoolLogins(work)?.end(on: console, within: limit.duration / 2) }
          answer = .success(try await console.script(text).last?.rows ?? [])
        } catch {
          answer = .failure(refusal(error, of: text))
        }
        await console.close()
        return answer
      } catch {
        return .failure(unreachable(error, address))
      }
    }
    if let outcome { return try outcome.get() }
    if Task.isCancelled { throw CancellationError() }
    var silence = EngineError(
      .failed, "`\(text)` had no answer from the pooler's console within \(limit)",
      hint: "PAUSE waits for open transactions: SHOW CLIENTS names them; end them, or raise the timeout")
    silence.isSilence = true
    throw silence
  }

  /// All its errors are 08P01: what is to be done depends on what was asked.
  private func refusal(_ error: any Error, of text: String) -> any Error {
    guard let error = error as? PostgresError, error.sqlState != nil else {
      return EngineError(
        .failed, "the connection to the pooler's console was lost during `\(text)`",
        hint: "look whether PgBouncer runs, then resume: the command is sent again")
    }
    return EngineError(
      .failed, "PgBouncer refuses `\(text)`: \(error.message)", hint: AdminConsole.hint(for: text),
      sqlState: error.sqlState)
  }

  private func unreachable(_ error: any Error, _ address: ConnectionString) -> any Error {
    guard let error = error as? PostgresError else { return error }
    let refused = error.severity == "FATAL" || error.sqlState != nil
    return EngineError(
      .failed, "cannot reach the admin console at \(address.redacted): \(error.message)",
      hint: "is PgBouncer running there" + (refused ? "?" : " and listening?")
        + " Its user has to stand in admin_users", sqlState: error.sqlState)
  }

  private static func hint(for text: String) -> String {
    let verb = text.split(separator: " ").first.map { $0.uppercased() } ?? ""
    let rights = "the console's user has to stand in admin_users (stats_users may only SHOW)"
    switch verb {
    case "PAUSE", "SUSPEND", "DISABLE", "KILL":
      return "SHOW DATABASES tells what is paused or disabled already, which a probe takes for done; \(rights)"
    case "RESUME", "ENABLE":
      return "SHOW DATABASES tells what is paused: what is not cannot be resumed, which a probe takes for done; \(rights)"
    default: return "SHOW HELP lists its commands; \(rights)"
    }
  }
}
