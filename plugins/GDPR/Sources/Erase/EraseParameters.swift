import PlanSchema
import PluginAPI

/// What erasing one person and erasing all of a log have in common.
struct EraseRules: Sendable {
  var map: Located<MapSource>
  var rows: OrderedMap<EraseStrategy>
  var references: OrderedMap<ReferenceStrategy>
  var holds: HoldSource?
  var erasedWhen: SQLExpression?
  var scrub: [Located<QualifiedName>]
  var settings: OrderedMap<String>
  /// Of `rows` and of `references` in the plan.
  var ranges: (rows: SourceRange, references: SourceRange)
}

extension GDPRErase {
  struct Parameters: ParameterSet {
    @Parameter("The data map: a file beside the plan, or the map itself.") var map: Located<MapSource>
    @Parameter("Key of the person: a private variable, `${subject}`.") var subject: Secret
    @Parameter("For each table of the map: `delete`, `anonymize` as the map says, or `{keep: why}`.")
    var rows: OrderedMap<EraseStrategy>
    @Parameter("For other rows that refer to deleted ones, by `table.column`: `delete` them or make the reference `null`.")
    var references: OrderedMap<ReferenceStrategy> = [:]
    @Parameter("Who is never touched: a table with their keys, or a query that returns them. They are refused.")
    var holds: HoldSource?
    @Parameter("Where the subject's own row stays: a condition over it, true once it has been anonymised.")
    var erasedWhen: SQLExpression?
    @Parameter("Tables of the map into which triggers copy what is changed: the copies of this erasure are erased with it.")
    var scrub: [Located<QualifiedName>] = []
    @Parameter("Settings that the application's triggers look at, made for the transaction alone.")
    var settings: OrderedMap<String> = [:]
    @Parameter("Folder of the log of erasures, which has to be kept apart from the database and its backups.")
    var erasureLog: String
    @Parameter("Key under which the log knows a person: a secret, the same for every erasure and replay.") var logKey: Secret

    func check(_ report: inout Diagnostics) {
      report.refuseLiteral(subject, "the key of a person", example: "${subject}, a private variable", at: $subject)
      report.refuseLiteral(logKey, "the key of the log", example: "${env:ERASURE_LOG_KEY}", at: $logKey)
    }

    var rules: EraseRules {
      EraseRules(
        map: map, rows: rows, references: references, holds: holds, erasedWhen: erasedWhen, scrub: scrub,
        settings: settings, ranges: ($rows, $references))
    }
  }
}

extension GDPRReplay {
  struct Parameters: ParameterSet {
    @Parameter("The data map: a file beside the plan, or the map itself.") var map: Located<MapSource>
    @Parameter("As in `gdpr.erase`.") var rows: OrderedMap<EraseStrategy>
    @Parameter("As in `gdpr.erase`.") var references: OrderedMap<ReferenceStrategy> = [:]
    @Parameter("As in `gdpr.erase`: a held subject of the log stops the replay.") var holds: HoldSource?
    @Parameter("As in `gdpr.erase`.") var erasedWhen: SQLExpression?
    @Parameter("As in `gdpr.erase`.") var scrub: [Located<QualifiedName>] = []
    @Parameter("As in `gdpr.erase`.") var settings: OrderedMap<String> = [:]
    @Parameter("Folder of the log of erasures.") var erasureLog: String
    @Parameter("Key under which the log knows a person.") var logKey: Secret
    @Parameter("What is done about erasures of the log that were begun and of which it does not say that they were done.")
    var unconfirmed = Unconfirmed.refuse

    @Parameter("What is done about erasures that the database knows of and the log does not.") var missing = Missing.refuse

    enum Missing: String, CaseIterable, Sendable, ParameterValue { case refuse, leave }
    enum Unconfirmed: String, CaseIterable, Sendable, ParameterValue { case refuse, erase, leave }

    func check(_ report: inout Diagnostics) {
      report.refuseLiteral(logKey, "the key of the log", example: "${env:ERASURE_LOG_KEY}", at: $logKey)
    }

    var rules: EraseRules {
      EraseRules(
        map: map, rows: rows, references: references, holds: holds, erasedWhen: erasedWhen, scrub: scrub,
        settings: settings, ranges: ($rows, $references))
    }
  }
}
