import PlanSchema
import YAMLTree

/// Parameters that belong to some providers only.
enum BackupParameter: String, CaseIterable {
  case stanza, config, repo, path, query
  case takenAt = "taken_at"
  case command

  func check(_ wanted: GateBackup.Parameters, _ report: inout Diagnostics) {
    let provider = wanted.provider
    let (isThere, range) = place(in: wanted)
    if isThere, !providers.contains(provider) {
      report.error(
        "backup.parameter", "`\(rawValue)` is not for provider \(provider.rawValue)", at: range,
        hint: "it belongs to \(providers.map(\.rawValue).joined(separator: " and "))")
    }
    guard !isThere, needed.contains(provider) else { return }
    // One of the two says when.
    if provider == .managed, wanted.takenAt != nil || self == .takenAt { return }
    let or = provider == .managed ? " or `taken_at`" : ""
    report.error("backup.parameter", "provider \(provider.rawValue) needs `\(rawValue)`\(or)", at: wanted.$provider)
  }

  private var providers: [GateBackup.Provider] {
    switch self {
    case .stanza, .config, .repo: [.pgbackrest]
    case .path: [.basebackup, .file]
    case .query, .takenAt: [.managed]
    case .command: [.command]
    }
  }

  private var needed: [GateBackup.Provider] { self == .config || self == .repo ? [] : providers }

  private func place(in wanted: GateBackup.Parameters) -> (isThere: Bool, SourceRange) {
    switch self {
    case .stanza: (wanted.stanza != nil, wanted.$stanza)
    case .config: (wanted.config != nil, wanted.$config)
    case .repo: (wanted.repo != nil, wanted.$repo)
    case .path: (wanted.path != nil, wanted.$path)
    case .query: (wanted.query != nil, wanted.$query)
    case .takenAt: (wanted.takenAt != nil, wanted.$takenAt)
    case .command: (!wanted.command.isEmpty, wanted.$command)
    }
  }
}
