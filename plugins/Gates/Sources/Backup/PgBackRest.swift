import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// Backups of pgBackRest, as `pgbackrest info` knows them.
struct PgBackRest {
  let stanza: String
  let config: String?
  let repo: Int?
  /// The operating system user that may read the repository; `nil`: whoever runs this.
  let user: String?

  init(_ wanted: GateBackup.Parameters) {
    stanza = wanted.stanza ?? ""
    config = wanted.config
    repo = wanted.repo
    user = wanted.restoreTest?.user
  }

  /// The options that say which repository is meant.
  var options: [String] {
    ["--stanza=\(stanza)"] + (config.map { ["--config=\($0)"] } ?? []) + (repo.map { ["--repo=\($0)"] } ?? [])
  }

  func look(_ facts: any Facts) async throws -> BackupLook {
    let text: String
    do {
      text = try await facts.program(HostUser(user).running(["pgbackrest"] + options + ["--output=json", "info"]))
    } catch {
      return .refused(
        .refusal(
          "backup.program", "pgbackrest info does not run here: \(error)",
          choices: ["install pgbackrest on this host", "name the host that has it with `on:`"]))
    }
    guard let stanzas = (try? JSON(parsing: text))?.array else {
      return .none("pgbackrest info says nothing that can be read")
    }
    return newest(of: stanzas.first { $0["name"]?.string == stanza })
  }

  private func newest(of info: JSON?) -> BackupLook {
    guard let info else { return .none("pgbackrest knows no stanza \(stanza)") }
    let sound = (info["backup"]?.array ?? []).filter { $0["error"]?.bool != true }
    let newest = sound.max { (Self.end(of: $0) ?? 0) < (Self.end(of: $1) ?? 0) }
    guard let newest, let label = newest["label"]?.string, let end = Self.end(of: newest) else {
      let message = info["status"]?["message"]?.string ?? "no valid backups"
      return .none("stanza \(stanza) has no backup (\(message)); it opens when one is there")
    }
    return .found(
      FoundBackup(
        name: "backup \(label) of stanza \(stanza)", end: "to_timestamp(\(end))", bytes: newest["info"]?["size"]?.int,
        source: .pgbackrest(self, label: label)))
  }

  private static func end(of backup: JSON) -> Int64? { backup["timestamp"]?["stop"]?.int }
}

/// Who runs a program: PostgreSQL's server programs refuse to be run by root.
struct HostUser {
  let name: String?
  init(_ name: String?) { self.name = name }

  func running(_ arguments: [String]) -> [String] { (name.map { ["runuser", "-u", $0, "--"] } ?? []) + arguments }
}
