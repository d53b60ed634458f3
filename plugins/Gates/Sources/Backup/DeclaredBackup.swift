import PlanSchema
import PluginAPI
import SQLText

/// Backups that others make, of which we know what we are told.
struct DeclaredBackup {
  let wanted: GateBackup.Parameters

  init(_ wanted: GateBackup.Parameters) { self.wanted = wanted }

  /// A service's own snapshots: it, or whoever asks it, says when.
  func managed(_ facts: any Facts) async throws -> BackupLook {
    if let taken = wanted.takenAt { return try await told(taken, name: "the managed snapshot", facts) }
    let rows = try await facts.rows(SQL(verbatim: wanted.query?.text ?? ""))
    guard let text = rows.first?[0] else {
      return .none("the query knows of no managed snapshot; it opens when one is there")
    }
    return try await told(text, name: "the managed snapshot", facts)
  }

  func file(_ facts: any Facts) async throws -> BackupLook {
    let path = wanted.path ?? ""
    guard let text = try? await facts.program(["stat", "-L", "-c", "%Y %s", "--", path]) else {
      return .none("there is no backup file \(path) on this host; it opens when it is there")
    }
    let numbers = text.split { $0 == " " || $0 == "\n" }.compactMap { Int64($0) }
    guard numbers.count == 2 else { return .none("the age of \(path) cannot be read") }
    if numbers[1] == 0 { return .none("backup file \(path) is empty; it opens when it is whole") }
    return .found(FoundBackup(name: "backup file \(path)", end: "to_timestamp(\(numbers[0]))", bytes: numbers[1]))
  }

  /// Its output is an instant and nothing else: no word of it is shown, for it may be anything.
  func command(_ facts: any Facts) async throws -> BackupLook {
    let program = wanted.command.first ?? ""
    do {
      let text = try await facts.program(wanted.command)
      let lines = text.split(separator: "\n")
      guard lines.count == 1, lines[0].utf8.count <= 64 else {
        return .none("\(program) has to print one line, an instant: it printed \(lines.count)")
      }
      return try await told(String(lines[0]), name: "the backup that \(program) tells of", facts)
    } catch {
      return .none("\(program) knows of no backup: \(error)")
    }
  }

  /// An instant with its zone, or seconds since 1970.
  private func told(_ text: String, name: String, _ facts: any Facts) async throws -> BackupLook {
    if let seconds = Int64(text) { return .found(FoundBackup(name: name, end: "to_timestamp(\(seconds))")) }
    guard (try? await facts.rows("SELECT \(text)::timestamptz")) != nil else {
      return .none("\(name) has no instant: 2026-11-21 03:00+01, or seconds since 1970, would be one")
    }
    return .found(FoundBackup(name: name, end: "\(text)::timestamptz"))
  }
}
