import PlanSchema
import PluginAPI

/// The statements of one batch, one transaction: lock, look again, remember, change, scrub, mark.
///
/// The cursor counts places in the selection, so no key of anybody's is in the journal, and what changes in the tables
/// moves nobody out of the window.
struct AnonymizeBatch: Sendable {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap
  let tables: WorkTables
  let digests: ValueDigests?
  let quarantine: Quarantine?
  let triggers: [DisabledTrigger]

  private var selection: Selection { Selection(wanted: wanted, map: map) }
  private var key: String { map.key.name }
  private var scrubbed: Set<QualifiedName> { Set(wanted.scrub.map(\.value)) }

  private var changed: [MappedTable] { map.tables.filter { $0.isOwned && !$0.changed.isEmpty } }

  /// References that are values come first: they still lead somewhere. The subject's own rows come last.
  private var ordered: [MappedTable] {
    let others = changed.filter { !$0.isSubject }
    return others.filter { $0.condition != nil } + others.filter { $0.condition == nil }
  }

  var statements: [SQL] {
    var list = map.locks(tables.batch) + [choice]
    if let digests { list += map.tables.filter(\.isOwned).compactMap { digests.remember($0, of: tables.taken, key: key) } }
    list += triggers.map(\.disable)
    list += ordered.flatMap { update($0) }
    list += subjectUpdate
    // Again: copies that triggers made of the changes above. What is done is not touched twice; new values are in them too,
    // so nothing of it is remembered.
    list += ordered.filter { scrubbed.contains($0.name) }.flatMap { update($0) }
    list += audit + triggers.reversed().map(\.enable) + [ending]
    return list
  }

  // MARK: Locks, then a look

  /// Who has become active or was put on hold since the selection is left alone.
  private var choice: SQL {
    """
    UPDATE \(id: tables.work) AS w SET state = CASE WHEN EXISTS (
      SELECT FROM \(sql: map.subject.source) WHERE t.\(id: key) = w.key AND \(sql: selection.condition)
    ) THEN 'taken' ELSE 'skipped' END
    WHERE \(sql: WorkTables.window)
    """
  }

  /// For everybody who was done, and what does not look so: rows that came behind a batch, or a change that was undone.
  var settling: [SQL] {
    let subject = map.subject.changed.isEmpty ? [] : [map.subject]
    let all = ordered + subject + ordered.filter { scrubbed.contains($0.name) }
    return triggers.map(\.disable) + all.flatMap { update($0, of: tables.taken, unless: $0.looksDone) }
      + triggers.reversed().map(\.enable) + ["SELECT to_jsonb(max(w.ordinal)), 0 FROM \(id: tables.work) AS w WHERE \(sql: WorkTables.window)"]
  }

  // MARK: Changes

  private func update(_ table: MappedTable) -> [SQL] { update(table, of: tables.taken, unless: table.isDone) }

  private func update(_ table: MappedTable, of keys: SubjectKeys, unless done: SQL) -> [SQL] {
    let rows: SQL = "\(sql: table.rows(of: keys, key: key)) AND NOT \(sql: done)"
    let change: SQL = "UPDATE \(sql: table.source) SET\n  \(sql: table.assignments)\nWHERE \(sql: rows)"
    return (quarantine.map { [$0.keep(table, rows)] } ?? []) + [change]
  }

  private var subjectUpdate: [SQL] {
    var settings = map.subject.changed.isEmpty ? [] : [map.subject.assignments]
    var left = map.subject.isDone
    if let marker = wanted.marker {
      settings.append("\(id: marker.column.name) = true")
      if let at = marker.at { settings.append("\(id: at.name) = now()") }
      left = "(\(sql: left) AND t.\(id: marker.column.name) IS TRUE)"
    }
    guard !settings.isEmpty else { return [] }
    let rows: SQL = "\(sql: map.subject.rows(of: tables.taken, key: key)) AND NOT \(sql: left)"
    let change: SQL = "UPDATE \(sql: map.subject.source) SET\n  \(sql: settings.joined(separator: ",\n  "))\nWHERE \(sql: rows)"
    return (quarantine.map { [$0.keep(map.subject, rows)] } ?? []) + [change]
  }

  private var audit: [SQL] {
    guard let audit = wanted.auditTable else { return [] }
    let columns = [audit.subject.name] + audit.values.keys
    let values = ["subject_keys.key"] + audit.values.map { "\(literal: $0.value)" as SQL }
    return [
      """
      INSERT INTO \(id: audit.table) (\(id: columns))
      SELECT \(sql: values.joined(separator: ", ")) FROM (\(sql: tables.taken.query)) AS subject_keys
      """
    ]
  }

  private var ending: SQL {
    """
    SELECT to_jsonb(max(w.ordinal)), count(*) FILTER (WHERE w.state = 'taken')
    FROM \(id: tables.work) AS w WHERE \(sql: WorkTables.window)
    """
  }
}
