import PlanSchema
import PluginAPI
import SQLText

/// A backup as its maker describes it.
struct FoundBackup {
  /// How it is restored.
  enum Source {
    case pgbackrest(PgBackRest, label: String)
    case folder(String, isTar: Bool)
    case elsewhere
  }

  /// What a person calls it: `backup 20261121-030000F of stanza main`.
  var name: String
  /// An expression of type timestamptz: when it ended.
  var end: SQL
  var bytes: Int64?
  var source: Source = .elsewhere

  var sizeText: String { bytes.map { ", \(ByteSize(bytes: $0).readable)" } ?? "" }
}

/// What became of looking for one.
enum BackupLook {
  case found(FoundBackup)
  /// There is none that counts: why.
  case none(String)
  /// It cannot be looked for as things are.
  case refused(Finding)
}

/// A backup is judged by the server's clock.
struct BackupAge {
  let wanted: GateBackup.Parameters

  init(_ wanted: GateBackup.Parameters) { self.wanted = wanted }

  /// Why it does not count; `nil`: it does.
  func problem(of backup: FoundBackup, _ facts: any Facts) async throws -> String? {
    guard let age = try? await age(of: backup, facts) else { return "\(backup.name) does not say when it ended" }
    // Clocks of two hosts differ a little.
    if age.milliseconds < -60_000 { return "\(backup.name) ended in the future: a clock is wrong" }
    if age > wanted.maxAge {
      return "\(backup.name) ended \(age.rounded) ago, max_age is \(wanted.maxAge); it opens when a newer one is there"
    }
    guard let least = wanted.minSize, let bytes = backup.bytes, bytes < least.bytes else { return nil }
    return "\(backup.name) has \(ByteSize(bytes: bytes).readable), at least \(least) are asked for"
  }

  func text(of backup: FoundBackup, _ facts: any Facts) async throws -> String {
    "\(try await age(of: backup, facts).rounded) ago"
  }

  private func age(of backup: FoundBackup, _ facts: any Facts) async throws -> TimeSpan {
    let rows = try await facts.rows(
      "SELECT (extract(epoch FROM clock_timestamp() - (\(sql: backup.end))) * 1000)::bigint AS age")
    guard let row = rows.first else { return .zero }
    return TimeSpan(milliseconds: try row.int64("age"))
  }
}

extension TimeSpan {
  /// In the largest unit that leaves two figures, for people.
  var rounded: String {
    let seconds = max(0, milliseconds / 1000)
    let units: [(Int64, String)] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")]
    for (length, name) in units where seconds >= 2 * length { return "\(seconds / length) \(name)" }
    return "\(seconds) seconds"
  }
}
