import JSONText
import OnlineDDL
import PluginAPI

/// Makes a live table a partitioned one, without stopping whoever uses it and with a way back.
struct PartitionSwap: StepKind {
  static let name = "partition.swap"
  static let summary = "Makes a live table a partitioned one: nothing is lost, and there is a way back."
  static let phases = [Phase.prepare, .copy, .cutover, .settle, .finalize].map(\.rawValue)

  enum Phase: String {
    case prepare, copy, cutover, settle, finalize
    /// Reverse of `cutover`.
    case revert
  }

  struct Parameters: ParameterSet {
    @Parameter("Table to be partitioned.") var table: QualifiedName
    @Parameter("Partition key column.") var by: Identifier
    @Parameter("Width of a partition: an interval, or a number for integer keys.") var every = PartitionWidth.months(1)
    @Parameter("How rows are told apart.") var method = Method.range
    @Parameter("With `list`: the values of each partition.") var values: [[Located<KeyText>]] = []
    @Parameter("With `hash`: how many partitions.") var modulus: Int?
    @Parameter("First bound; default: the smallest value there is.") var from: KeyText?
    @Parameter("Last bound; default: the largest value there is.") var to: KeyText?
    @Parameter("Partitions ahead of the last one needed now.") var premake = 12
    @Parameter("Time zone in which bounds are cut.") var timezone = "UTC"
    @Parameter("A partition for rows that no other one takes.") var defaultPartition = DefaultPartition.none
    @Parameter("Rows without a key: `{fill: SQL}` gives them one first; a primary key holds none, so `default` is refused as well.")
    var nullKeys = NullKeys.refuse
    @Parameter("How: `copy` moves the rows, `attach` makes the table itself the first partition, `auto` chooses.")
    var strategy = Strategy.auto
    @Parameter("What becomes of the primary key: the key column is appended.") var primaryKey = PrimaryKeyChoice.append
    @Parameter("Each unique constraint or index that lacks the key column: `append`, `guard` or `drop`.")
    var unique: OrderedMap<UniqueChoice> = [:]
    @Parameter("Each foreign key that refers to the table: `composite` or `drop`.")
    var incomingForeignKeys: OrderedMap<IncomingChoice> = [:]
    @Parameter("Each exclusion constraint: `per_partition` or `guard`.") var exclusion: OrderedMap<ExclusionChoice> = [:]
    @Parameter("Name of a partition; `{start}` is its first bound.") var naming = LeafNaming()
    @Parameter("How long one chunk of the copy should take.", tuning: true) var chunk = TimeSpan.milliseconds(500)
    @Parameter("Connections that copy and build side by side; as many of the server's processes compare.", tuning: true) var workers = 1
    @Parameter("A publication that has the table: `transfer` or `remove`.") var publications = PublicationChoice.refuse
    @Parameter("How the copy is compared with the table before the swap.") var verify = VerifyMethod.hash
    @Parameter("When and how names change hands.") var cutover = CutoverKeys()
    @Parameter("The old table: how long it follows the new one, so that nothing is lost by going back.")
    var keepOld = KeepOldKeys()
    @Parameter("Who makes the partitions to come.") var maintain: Maintainer?

    func check(_ report: inout Diagnostics) {
      if premake < 0 || premake > 10_000 { report.error("swap.premake", "between 0 and 10000", at: $premake) }
      if !(1...32).contains(workers) { report.error("swap.workers", "between 1 and 32", at: $workers) }
      if !(TimeSpan.milliseconds(1)...TimeSpan.minutes(5)).contains(chunk) {
        report.error("swap.chunk", "between 1ms and 5min", at: $chunk)
      }
      switch method {
      case .range: break
      case .list where values.isEmpty: report.error("swap.values", "a list needs `values`", at: $values)
      case .hash where !(2...10_000).contains(modulus ?? 0):
        report.error("swap.modulus", "a hash needs a `modulus` between 2 and 10000", at: $modulus)
      default: break
      }
      if method != .hash, modulus != nil { report.error("swap.modulus", "only with `method: hash`", at: $modulus) }
      if method != .list, !values.isEmpty { report.error("swap.values", "only with `method: list`", at: $values) }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      guard let phase = Phase(rawValue: step.phase) else { return Program() }
      let program = try await program(phase, step, facts)
      return try await SwapPause(step: step, facts: facts).applied(to: program, phase)
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings, carry: step.carry)
    }
  }

  private static func program(
    _ phase: Phase, _ step: Step<Parameters>, _ facts: any Facts
  ) async throws -> Program {
    if phase == .prepare { return try await PreparePhase.compile(step, facts) }
    // The table was partitioned already.
    guard step.carry != .null else { return Program() }
    if let attach = try AttachCarry.read(step.carry) { return try await attach.program(phase, step, facts) }
    let carry = try SwapCarry(step.carry)
    switch phase {
    case .prepare: return Program()
    case .copy: return try await CopyPhase(step: step, carry: carry, facts: facts).program()
    case .cutover: return try await CutoverPhase(step: step, carry: carry, facts: facts).program()
    case .settle: return try await SettlePhase(step: step, carry: carry, facts: facts).program()
    case .finalize: return try await FinalizePhase(step: step, carry: carry, facts: facts).program()
    case .revert: return try await RevertPhase(step: step, carry: carry, facts: facts).program()
    }
  }

  static func delay(before phase: String, _ parameters: Parameters) -> TimeSpan? {
    phase == Phase.finalize.rawValue ? parameters.keepOld.for : nil
  }

  /// All that can take long is done by then.
  static func gates(before phase: String, _ parameters: Parameters) -> [GateCondition] {
    guard phase == Phase.cutover.rawValue else { return [] }
    let cutover = parameters.cutover
    return (cutover.when == .manual ? [.approval(roles: 1)] : []) + (cutover.window.map { [.window($0.all)] } ?? [])
  }

  static func attendant(_ parameters: Parameters) -> Attendant? {
    guard parameters.keepOld.drain == .worker, parameters.strategy != .attach else { return nil }
    return Attendant(
      "drain", uses: PartitionDrain.name, ["table": .string(parameters.table.quoted)], every: parameters.keepOld.every)
  }
}

extension PartitionSwap.Parameters {
  var drain: TimeSpan { chunk.forReplay }
}

extension TimeSpan {
  /// Of one replay, beside chunks that take this long: it waits for nobody and nobody waits for it, and the more it takes
  /// at once the less each costs. Shorter ones would not keep up with an application that writes much, least of all where the
  /// plan rests between them.
  var forReplay: TimeSpan { max(self, .seconds(1)) }
}
