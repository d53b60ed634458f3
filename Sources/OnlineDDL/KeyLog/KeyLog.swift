public import PluginAPI

/// A copy that follows its source by a log of keys: triggers note which rows changed, a replay fetches them anew.
///
/// *Invariant*: in every snapshot a pair (primary key, partition key) that is not in the log has the same row on both
/// sides, or none on either. Capture keeps it for changes, copying makes it true for old rows, and a replay, taking
/// pairs out of the log, brings exactly their rows over in the same snapshot.
///
/// A log serves one copy from beginning to end. Copying and replaying never overlap: the lock on `copy` is the gate.
public struct KeyLog: Sendable, Hashable, Codable {
  /// Where the application writes; a plain or a partitioned table without other heirs.
  public var source: QualifiedName
  /// What follows it; plain or partitioned. Its pair's columns are NOT NULL.
  public var copy: QualifiedName
  /// Of the source.
  public var primaryKey: [LoggedColumn]
  /// Of whichever side is partitioned; may be one of the primary key's columns.
  public var partitionKey: LoggedColumn
  /// The columns copied: all but generated ones.
  public var columns: [String]
  /// The copy has an identity column GENERATED ALWAYS.
  public var overridesIdentity: Bool
  /// Every column's type can be hashed: rows are compared as the types compare, in less than half the time that their
  /// texts take (measured: 0.7 against 1.8 us a row of 14 columns).
  public var hashesRecords = false
  /// What its names in schema `caisson` are derived from.
  public var name: String

  public init(
    source: QualifiedName, copy: QualifiedName, primaryKey: [LoggedColumn], partitionKey: LoggedColumn,
    columns: [String], overridesIdentity: Bool = false, name: String
  ) {
    self.source = source
    self.copy = copy
    self.primaryKey = primaryKey
    self.partitionKey = partitionKey
    self.columns = columns
    self.overridesIdentity = overridesIdentity
    self.name = name
  }
}

extension KeyLog {
  func named(_ suffix: String) -> QualifiedName {
    QualifiedName("caisson", Quoting.fitted(name, suffix: suffix))
  }

  /// Pairs not replayed yet, in the order they were noted.
  public var log: QualifiedName { named("_log") }
  /// One row: what the work so far has left to be known.
  public var state: QualifiedName { named("_state") }
  var captureFunction: QualifiedName { named("_capture") }
  var tripwireFunction: QualifiedName { named("_moved") }
  var stopFunction: QualifiedName { named("_stop") }

  /// What tells a row's place in the copy from every other's.
  var pair: KeyColumns {
    KeyColumns(primaryKey.contains { $0.name == partitionKey.name } ? primaryKey : primaryKey + [partitionKey])
  }

  var key: KeyColumns { KeyColumns(primaryKey) }

  /// What the executing role needs; the session's own role must inherit them where it is another one.
  public var privileges: [Privilege] {
    [
      Privilege(.create(schema: "caisson")),
      Privilege(.owner(source)), Privilege(.owner(copy)),
    ]
  }
}

extension KeyLog {
  /// `"a", "b"`, each with its table's alias.
  func copied(from alias: String) -> String {
    columns.map { "\(alias).\(Quoting.identifier($0))" }.joined(separator: ", ")
  }

  /// `INSERT INTO copy (…)` up to the query.
  var insertion: String {
    let list = columns.map(Quoting.identifier).joined(separator: ", ")
    return "INSERT INTO \(copy.quoted) (\(list))" + (overridesIdentity ? " OVERRIDING SYSTEM VALUE" : "")
  }

  /// Beyond what the engine pins: plans are made for the values at hand, operators found where the key's types are,
  /// and a row's text is the same on both sides whatever the session inherits.
  var settings: [Setting] {
    let schemas = Set(pair.columns.map(\.schema)).subtracting(["pg_catalog"]).sorted().map(Quoting.identifier)
    return [
      Setting("plan_cache_mode", "force_custom_plan"),
      Setting("search_path", (["pg_catalog"] + schemas + ["pg_temp"]).joined(separator: ", ")),
      Setting("extra_float_digits", "1"), Setting("bytea_output", "hex"),
    ]
  }
}
