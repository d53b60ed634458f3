import OnlineDDL
import PluginAPI

/// The moment before which a row's time is over. Taken once, by the run's first transaction, and kept beside the data:
/// a run that is interrupted and goes on next week, and each of its batches, judge by the same.
struct RetentionCutoff: Sendable {
  let table: QualifiedName
  let key: PartitionKey
  let keep: CalendarInterval
  let mode: RetentionMode
  let timezone: String
  /// Unique to the run and step.
  let run: String

  static let store = QualifiedName("caisson", "gdpr_retention")

  /// As of now, of the key's type.
  var expression: String {
    let zone = Quoting.literal(timezone)
    let local = "((now() AT TIME ZONE \(zone)) - interval \(Quoting.literal(keep.description)))"
    switch key.kind {
    case .timestamptz: return "(\(local) AT TIME ZONE \(zone))"
    case .date: return "\(local)::date"
    default: return local
    }
  }

  /// What the run took, of the key's type.
  var kept: String {
    "(SELECT n.cutoff::\(key.type) FROM \(Self.store.quoted) AS n WHERE n.run = \(Quoting.literal(run)))"
  }

  var note: Operation {
    .transaction(
      id: "note", title: "note since when rows of \(table) may go",
      [
        TransactionStatement(Self.creation),
        TransactionStatement(
          """
          INSERT INTO \(id: Self.store) (run, relation, mode, cutoff)
          VALUES (\(literal: run), \(literal: table.quoted), \(literal: mode.rawValue), (\(sql: expression))::text)
          ON CONFLICT DO NOTHING
          """),
      ], undo: .operations([forget]))
  }

  /// Harmless when it is there, also when two steps make it at once.
  private static var creation: SQL {
    SharedStore.creation(
      unless: store,
      """
      CREATE TABLE \(store.quoted) (
        run text PRIMARY KEY,
        relation text NOT NULL,
        mode text NOT NULL,
        cutoff text NOT NULL,
        noted_at timestamptz NOT NULL DEFAULT now()
      );
      """, seen: [store])
  }

  private var forget: Operation {
    .transaction(
      id: "forget", title: "forget since when rows of \(table) might go",
      [TransactionStatement("DELETE FROM \(id: Self.store) WHERE run = \(literal: run)")], undo: .nothing)
  }
}
