import OnlineDDL
import PluginAPI

/// What stands against the step, or should be known before it runs.
struct RetentionFindings {
  let wanted: GDPRRetention.Parameters
  let table: RetentionTable

  /// Rows are deleted one by one, not with their partition.
  var deletesRows: Bool {
    switch wanted.mode {
    case .delete: wanted.partitions != .only || table.byKey == nil
    case .archive: wanted.archive?.table != nil && (wanted.partitions != .only || table.byKey == nil)
    case .anonymize, .detachPartition: false
    }
  }

  /// Partitions leave whole.
  var takesPartitions: Bool {
    guard table.byKey != nil, wanted.partitions != .never else { return false }
    switch wanted.mode {
    case .delete, .detachPartition: return true
    case .archive: return wanted.archive?.schema != nil
    case .anonymize: return false
    }
  }

  private var writesRows: Bool { deletesRows || wanted.mode == .anonymize }

  var all: [Finding] {
    syntax + rows + places + keys + referenceFindings + triggerFindings
  }

  // MARK: Expressions

  private var syntax: [Finding] {
    var texts: [(text: String, range: SourceRange)] = []
    if let except = wanted.except { texts.append((except.text, wanted.$except)) }
    if let done = wanted.done { texts.append((done.text, wanted.$done)) }
    for entry in wanted.set ?? [:] { texts.append((entry.value.text, entry.range)) }
    return texts.compactMap { Finding.syntax(ofExpression: $0.text, at: $0.range) }
  }

  // MARK: Table

  private var rows: [Finding] {
    guard table.batch.hidesRows else { return [] }
    return [
      .refusal(
        "retention.row_security",
        "row level security hides rows of \(table.name) from this role: they would stay in silence",
        choices: ["`role:` the owner of the table, or one with BYPASSRLS"], at: wanted.$table)
    ]
  }

  /// The mode needs what the table is not.
  private var places: [Finding] {
    guard table.byKey == nil else { return [] }
    let isPlaced = wanted.mode == .detachPartition || wanted.partitions == .only || wanted.archive?.table == nil
    guard wanted.mode == .detachPartition || wanted.partitions == .only || wanted.mode == .archive && isPlaced else {
      return []
    }
    let what = table.partitioned == nil ? "not partitioned" : "not partitioned by ranges of \(wanted.key)"
    return [
      .refusal(
        "retention.not_partitioned", "\(table.name) is \(what): no partition of it can go as a whole",
        choices: [
          "partition.swap with `by: \(wanted.key)` in an earlier step",
          wanted.mode == .archive ? "archive: { table: … }" : "mode: delete, or archive with a table",
        ], at: wanted.$mode)
    ]
  }

  /// Columns of the unique key that is walked; `nil`: there is none.
  var walked: [String]? {
    guard let names = wanted.walk?.map(\.name) else { return table.batch.usableKeys.first?.columns }
    return table.batch.usableKeys.first { Set($0.columns) == Set(names) && $0.columns.count == names.count }?.columns
  }

  private static let quietTypes: Set = [
    "smallint", "integer", "bigint", "numeric", "uuid", "date", "timestamp without time zone", "timestamp with time zone",
  ]

  private var keys: [Finding] {
    guard writesRows else { return [] }
    guard let walked else {
      let keys = table.batch.usableKeys.map { "walk: [\($0.columns.map(QualifiedName.readable).joined(separator: ", "))]" }
      return [
        .refusal(
          "retention.no_key", "nothing tells the rows of \(table.name) apart: "
            + (wanted.walk == nil ? "it has no primary key" : "no unique key without NULLs has exactly these columns"),
          choices: keys.isEmpty ? ["add a primary key in an earlier step"] : keys,
          at: wanted.walk == nil ? wanted.$table : wanted.$walk)
      ]
    }
    let loud = walked.filter { !RetentionFindings.quietTypes.contains(table.batch[$0]?.type ?? "") }
    var findings: [Finding] = loud.map {
      .refusal(
        "retention.key_in_journal",
        "\($0) of \(table.name) is of type \(table.batch[$0]?.type ?? ""): the journal keeps the last key of each batch, and"
          + " such a key may say who somebody is",
        choices: ["walk: a unique key of numbers, uuids or times"], at: wanted.walk == nil ? wanted.$table : wanted.$walk)
    }
    if !table.isOrdered {
      findings.append(
        .warning(
          "retention.unordered",
          "no index of \(table.name) begins with \(wanted.key): the whole table is read along its key at each run",
          choices: [
            "in a step before: uses: index.create, with: "
              + "{ table: \(table.name), columns: [\(wanted.key)] }"
          ], at: wanted.$key))
    }
    return findings
  }
}
