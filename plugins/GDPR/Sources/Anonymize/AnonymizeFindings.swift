import PlanSchema
import PluginAPI

/// What parameters and map say about each other, without asking the server.
struct AnonymizeFindings {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap

  var all: [Finding] { columns + scrub + holds + keys + [pointOfNoReturn].compactMap { $0 } }

  private var columns: [Finding] {
    var named: [(String, SourceRange)] = []
    if let inactive = wanted.inactive {
      named.append((inactive.column.name, inactive.$column))
      if case .column(let other) = inactive.nullActivity { named.append((other.name, inactive.$nullActivity)) }
    }
    if let marker = wanted.marker {
      named.append((marker.column.name, marker.$column))
      if let at = marker.at { named.append((at.name, marker.$at)) }
    }
    named += wanted.kAnonymity?.quasiIdentifiers.map { ($0.value.name, $0.range) } ?? []
    return named.filter { map.subject.shape.column($0.0) == nil }
      .map { .unknownColumn($0.0, of: map.subject.shape, at: $0.1) } + marker
  }

  private var marker: [Finding] {
    guard let marker = wanted.marker, let column = map.subject.columns.first(where: { $0.name == marker.column.name })
    else { return [] }
    guard column.kind == .boolean, !column.isChanged else {
      return [
        .refusal(
          "gdpr.marker", "\(map.subject.name).\(column.name) cannot be the marker: it has to be boolean, and kept by the map",
          choices: ["a boolean column of its own"], at: marker.$column)
      ]
    }
    return []
  }

  private var scrub: [Finding] {
    wanted.scrub.filter { name in map[name.value].map { !$0.isOwned || $0.changed.isEmpty } ?? true }.map { name in
      let near = Spelling.nearest(to: "\(name.value)", in: map.tables.map { "\($0.name)" })
      return .refusal(
        "gdpr.scrub", "the map does not say what becomes of \(name.value), so nothing is scrubbed there",
        choices: near.map { ["did you mean `\($0)`?"] } ?? ["map it, with the columns that receive copies"], at: name.range)
    }
  }

  private var holds: [Finding] {
    guard wanted.holds == nil else { return [] }
    return [
      .warning(
        "gdpr.no_holds", "nobody is on hold: data that has to be kept for a dispute or an audit would be lost",
        choices: ["`holds: {table: …, key: …}`"], at: wanted.$map.firstCharacter)
    ]
  }

  /// A row that is to be put back has to be found.
  private var keys: [Finding] {
    guard let quarantine = wanted.quarantine else { return [] }
    let open = map.tables.filter { $0.isOwned && !$0.changed.isEmpty && $0.primaryKey.isEmpty }
    guard !open.isEmpty else { return [] }
    return [
      .refusal(
        "gdpr.quarantine", "\(open.map { "\($0.name)" }.joined(separator: ", ")) has no primary key: its rows could not be put back",
        choices: ["give it a primary key", "do without `quarantine`"], at: quarantine.$schema)
    ]
  }

  private var pointOfNoReturn: Finding? {
    guard wanted.quarantine == nil else { return nil }
    return .note(
      "gdpr.irreversible", "nothing of this can be taken back: backups are the only copy left, and their keeping time is part"
        + " of the promise", at: wanted.$map.firstCharacter)
  }
}
