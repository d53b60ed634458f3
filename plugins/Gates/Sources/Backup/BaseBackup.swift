import PlanSchema
import PluginAPI
import SQLText

/// Backups that pg_basebackup has written to a folder; the manifest is what it writes last.
struct BaseBackup {
  let path: String
  let user: HostUser

  init(_ wanted: GateBackup.Parameters) {
    path = wanted.path ?? ""
    user = HostUser(wanted.restoreTest?.user)
  }

  func look(_ facts: any Facts) async throws -> BackupLook {
    guard
      let listing = try? await facts.program(
        user.running(["find", path, "-maxdepth", "2", "-name", "backup_manifest", "-printf", "%T@ %h\\n"]))
    else { return .none("\(path) cannot be read on this host") }
    let manifests = listing.split(separator: "\n").compactMap { line -> (end: Double, folder: String)? in
      guard let space = line.firstIndex(of: " "), let end = Double(line[..<space]) else { return nil }
      return (end, String(line[line.index(after: space)...]))
    }
    guard let newest = manifests.max(by: { $0.end < $1.end }) else {
      return .none("there is no finished base backup in \(path); it opens when one is there")
    }
    return .found(try await described(newest.folder, end: newest.end, facts))
  }

  private func described(_ folder: String, end: Double, _ facts: any Facts) async throws -> FoundBackup {
    let size = try? await facts.program(user.running(["du", "-sb", folder]))
    let bytes = size.flatMap { $0.split { $0 == "\t" || $0 == " " }.first }.flatMap { Int64($0) }
    let tar = try? await facts.program(user.running(["find", folder, "-maxdepth", "1", "-name", "base.tar*"]))
    return FoundBackup(
      name: "base backup \(folder)", end: "to_timestamp(\(end))", bytes: bytes,
      source: .folder(folder, isTar: tar?.isEmpty == false))
  }
}
