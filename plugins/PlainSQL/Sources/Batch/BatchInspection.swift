import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// What a person should know about a batch before it runs.
struct BatchInspection {
  let wanted: DataBatch.Parameters
  let table: BatchTable
  let target: BatchTable?

  /// The key chunks walk along; `nil`: there is none, as a finding says.
  var key: [String]? {
    guard let names = wanted.key?.map(\.name) else { return table.usableKeys.first?.columns }
    return table.usableKeys.first { Set($0.columns) == Set(names) && $0.columns.count == names.count }?.columns
  }

  var findings: [Finding] {
    guard ["r", "p"].contains(table.kind) else {
      return [
        .refusal(
          "batch.kind", "\(table.name) is no table", choices: ["name the table that holds the rows"], at: wanted.$table)
      ]
    }
    return keyFindings + columnFindings + rowFindings + triggerFindings + deleteFindings + targetFindings
  }

  private var keyFindings: [Finding] {
    guard key == nil else { return [] }
    let keys = table.usableKeys.map { "key: [\($0.columns.map(QualifiedName.readable).joined(separator: ", "))]" }
    if wanted.key != nil {
      return [
        .refusal(
          "batch.key", "\(table.name) has no unique key without NULLs over exactly these columns",
          choices: keys.isEmpty ? ["a unique index over NOT NULL columns in an earlier step"] : keys, at: wanted.$key)
      ]
    }
    return [
      .refusal(
        "batch.no_key", "\(table.name) has no primary key and no unique key without NULLs to walk along",
        choices: ["add a primary key in an earlier step", "a unique index over NOT NULL columns (index.create)"],
        at: wanted.$table)
    ]
  }

  private var columnFindings: [Finding] {
    (wanted.set ?? [:]).flatMap { entry -> [Finding] in
      guard let column = table[entry.key] else { return [unknownColumn(entry.key, of: table, at: entry.range)] }
      if column.generated || !column.identity.isEmpty {
        let what = column.generated ? "generated" : "an identity column"
        return [
          .refusal(
            "batch.generated", "\(table.name).\(column.name) is \(what): its values are not the step's to set",
            choices: ["leave it out"], at: entry.range)
        ]
      }
      if key?.contains(column.name) ?? false {
        return [
          .refusal(
            "batch.key_changed", "the batch walks along \(column.name): a row whose key changes would be met twice",
            choices: ["`key:` another unique key"], at: entry.range)
        ]
      }
      return table.partitionKey.contains(column.name)
        ? [
          .warning(
            "batch.partition_key",
            "\(column.name) is the partition key of \(table.name): rows move to other partitions, and a concurrent"
              + " writer of such a row fails with 40001",
            at: entry.range)
        ] : []
    }
  }

  private func unknownColumn(_ name: String, of table: BatchTable, at range: SourceRange) -> Finding {
    let near = Spelling.nearest(to: name, in: table.columns.map(\.name))
    return .refusal(
      "batch.column", "\(table.name) has no column \(name)",
      choices: near.map { ["did you mean \($0)?"] } ?? ["add it in an earlier step"], at: range)
  }

  private var rowFindings: [Finding] {
    var findings: [Finding] = []
    if table.hidesRows {
      findings.append(
        .refusal(
          "batch.row_security",
          "row level security hides rows of \(table.name) from this role: they would be left out in silence",
          choices: ["`role:` the owner of the table, or one with BYPASSRLS"], at: wanted.$table))
    }
    if table.rows >= 10_000_000 {
      findings.append(
        .warning(
          "batch.long", "\(table.name) has about \(table.rows) rows and is read once along its key, matching or not",
          choices: ["a window and `throttle:`"], at: wanted.$table))
    }
    if table.hasChildren, table.kind == "r" {
      findings.append(.note("batch.only", "tables that inherit from \(table.name) are left alone", at: wanted.$table))
    }
    return findings
  }

  /// Bits of pg_trigger.tgtype.
  private enum Event {
    static let insert: Int64 = 4, delete: Int64 = 8, update: Int64 = 16
  }

  private var triggerFindings: [Finding] {
    let (fired, event): (BatchTable, Int64) =
      wanted.delete
      ? (table, Event.delete) : wanted.set != nil ? (table, Event.update) : (target ?? table, Event.insert)
    let columns = Set(wanted.set?.keys ?? [])
    let names = fired.triggers.filter {
      $0.events & event != 0 && ($0.columns.isEmpty || columns.isEmpty || !columns.isDisjoint(with: $0.columns))
    }.map(\.name)
    guard !names.isEmpty else { return [] }
    return [
      .note(
        "batch.triggers", "fires on \(fired.name) for every row or chunk: \(names.joined(separator: ", "))",
        at: wanted.$table)
    ]
  }

  private var deleteFindings: [Finding] {
    guard wanted.delete else { return [] }
    var findings: [Finding] = []
    let spreading = table.referencedBy.filter { ["c", "n", "d"].contains($0.onDelete) }
    if !spreading.isEmpty {
      let list = spreading.map { "\($0.name) on \($0.table)" }.joined(separator: ", ")
      let message = "deleting changes rows elsewhere too, through \(list)"
      findings.append(
        wanted.keepUndo
          ? .refusal(
            "batch.cascade", message + ": they are not kept",
            choices: ["batch those tables first", "leave keep_undo out"],
            at: wanted.$keepUndo)
          : .warning("batch.cascade", message, at: wanted.$delete))
    }
    let slow = table.referencedBy.filter { !$0.isIndexed }
    if !slow.isEmpty {
      findings.append(
        .warning(
          "batch.unindexed_reference",
          "every deleted row is looked for by a sequential scan of "
            + slow.map { "\($0.table) (\($0.name))" }.joined(separator: ", "),
          choices: ["index.create on the referencing columns first"], at: wanted.$delete))
    }
    return findings
  }

  private var targetFindings: [Finding] {
    guard let insertion = wanted.insertInto, let target else { return [] }
    var findings = insertion.columns.flatMap { entry -> [Finding] in
      guard let column = target[entry.key] else { return [unknownColumn(entry.key, of: target, at: entry.range)] }
      return column.generated || column.identity == "a"
        ? [
          .refusal(
            "batch.generated", "\(target.name).\(column.name) makes its own values", choices: ["leave it out"],
            at: entry.range)
        ] : []
    }
    findings += conflictFindings(insertion, target)
    if wanted.keepUndo, target.usableKeys.isEmpty {
      findings.append(
        .refusal(
          "batch.no_key", "\(target.name) has no unique key without NULLs to find the inserted rows by",
          choices: ["leave keep_undo out", "add a primary key in an earlier step"], at: wanted.$keepUndo))
    }
    return findings
  }

  private func conflictFindings(_ insertion: DataBatch.Insertion, _ target: BatchTable) -> [Finding] {
    guard wanted.conflict == .update else { return [] }
    let names = BatchPlan.conflictKey(insertion, target)
    guard !names.isEmpty, target.keys.contains(where: { Set($0.columns) == Set(names) }),
      names.allSatisfy(insertion.columns.keys.contains)
    else {
      return [
        .refusal(
          "batch.conflict_key", "no unique key of \(target.name) over inserted columns says which row is there already",
          choices: target.keys.map { "insert_into.key: [\($0.columns.joined(separator: ", "))] and its columns" },
          at: insertion.$table)
      ]
    }
    let open = names.filter { target[$0]?.notNull == false }
    return open.isEmpty
      ? []
      : [
        .warning(
          "batch.nullable_key",
          "\(open.joined(separator: ", ")) may be NULL, and NULLs are never equal: such rows are inserted again",
          choices: ["a unique index NULLS NOT DISTINCT"], at: insertion.$table)
      ]
  }
}
