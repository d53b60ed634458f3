import PlanSchema
import PluginAPI
import SQLText

/// What this host has to have before a backup is restored on it.
struct RestorePlace {
  let keys: RestoreKeys
  let user: HostUser

  /// The folder with the server programs of the target's major version.
  func programs(_ facts: any Facts) async throws(RestoreTest.Refusal) -> String {
    let major = facts.capabilities.version / 10_000
    for folder in keys.bin.map({ [$0] }) ?? ["/usr/lib/postgresql/\(major)/bin", "/usr/pgsql-\(major)/bin"] {
      guard let text = try? await facts.program(user.running([folder + "/postgres", "--version"])) else { continue }
      if text.contains(" \(major).") || text.contains(" \(major)devel") { return folder }
      throw refusal(
        "\(folder) has another version than the server, which is \(major)", "name the folder of version \(major)")
    }
    throw refusal(
      "the server programs of PostgreSQL \(major) are not found on this host", "say where they are with `bin`")
  }

  /// Room for it, and nothing in it that points at folders which are in use.
  func check(_ backup: FoundBackup, _ facts: any Facts) async throws(RestoreTest.Refusal) {
    guard let text = try? await facts.program(user.running(["df", "-B1", "--output=avail", "--", keys.folder])),
      let free = text.split(separator: "\n").last.flatMap({ Int64($0.filter { $0 != " " }) })
    else { throw refusal("\(keys.folder) cannot be read", "make it, for the user the test runs as") }
    if let bytes = backup.bytes, free < bytes + bytes / 10 {
      throw refusal(
        "\(keys.folder) has \(ByteSize(bytes: free).readable) free, and \(backup.name) takes "
          + ByteSize(bytes: bytes).readable,
        "name a folder with more room")
    }
    guard case .folder(let folder, let isTar) = backup.source else { return }
    let look = isTar ? [folder, "-maxdepth", "1", "-name", "[0-9]*.tar*"] : [folder + "/pg_tblspc", "-mindepth", "1"]
    let spaces = try? await facts.program(user.running(["find"] + look))
    if spaces?.isEmpty == false {
      throw refusal(
        "\(backup.name) has tablespaces, whose links lead to where the original's are",
        "restore it with a tool that maps them, such as pgbackrest")
    }
  }

  private func refusal(_ what: String, _ choice: String) -> RestoreTest.Refusal {
    RestoreTest.Refusal(finding: .refusal("backup.restore", what, choices: [choice], at: keys.$folder))
  }
}
