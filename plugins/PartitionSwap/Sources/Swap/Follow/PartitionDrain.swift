import OnlineDDL
import PluginAPI

/// What `keep_old.drain: worker` has workers do: changes of a table that was swapped are brought over to its former self,
/// so that the way back stays short, and what the way back could not take is told while it can still be mended.
struct PartitionDrain: StepKind {
  static let name = "partition.drain"
  static let summary = "Brings changes of a swapped table over to the old one, which rollback gives its name again."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("Table that partition.swap has partitioned.") var table: QualifiedName
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let table = step.parameters.table
    guard let entry = try await FollowRegister.entry(of: table, facts) else { return Program() }
    guard try await facts.relation(table) != nil, try await facts.relation(entry.reverse.copy) != nil else {
      return Program(findings: [
        .refusal(
          "swap.old", "\(table) or \(entry.reverse.copy) is gone: there is no way back",
          choices: ["restore it, or leave the swap as it is: DELETE FROM \(FollowRegister.table) takes it off the list"])
      ])
    }
    return try await DrainProgram(table: table, entry: entry, facts: facts).program()
  }
}

/// What is to be done for one table now.
struct DrainProgram {
  let table: QualifiedName
  let entry: FollowRegister.Entry
  let facts: any Facts

  private var log: KeyLog { entry.reverse }

  func program() async throws -> Program {
    let strays = try await facts.rows(log.strays(beside: table)).map {
      QualifiedName(try $0.string("schema"), try $0.string("name"))
    }
    let isSame = entry.leaves == entry.now
    var operations: [Operation] = []
    if !isSame || !strays.isEmpty { operations.append(compared(strays)) } else if !entry.isArmed { operations.append(rearmed) }
    guard !operations.isEmpty || entry.isWaiting || entry.conflict != nil || entry.bytes > entry.maxLog else { return Program() }
    return Program(operations: operations + [drain, alarm])
  }

  // MARK: Partitions that came and went

  private var came: [FollowRegister.Leaf] { entry.now.filter { !entry.leaves.contains($0) } }
  private var hasLost: Bool { entry.leaves.contains { !entry.now.contains($0) } }

  private func compared(_ strays: [QualifiedName]) -> Operation {
    let statements = came.flatMap { log.takeIn($0.table) } + (hasLost ? [log.noteGone] : []) + strays.map(log.letGo)
      + [remember]
    return .transaction(
      id: "leaves", title: "compare the partitions of \(table) with those there were",
      statements.map { TransactionStatement($0) },
      locks: came.map { RelationLock(.shareRowExclusive, $0.table) } + strays.map { RelationLock(.accessExclusive, $0) },
      settings: log.replaySettings(indexed: true) + [Setting("statement_timeout", "0")], undo: .nothing)
  }

  /// Somebody has switched them off, or on again, or dropped them.
  private var rearmed: Operation {
    let leaves = entry.now.map(\.table)
    let statements = log.dropCapture(from: table, leaves: leaves) + log.capture(on: table, leaves: leaves) + [
      """
      UPDATE \(id: FollowRegister.table) SET unsure = \(literal: "the triggers that note changes were off, dropped or changed")
      WHERE source = \(literal: table.quoted)
      """,
      remember,
    ]
    return .transaction(
      id: "rearm", title: "note every change of \(table) again", statements.map { TransactionStatement($0) },
      locks: ([table] + leaves).map { RelationLock(.accessExclusive, $0) }, settings: log.replaySettings(indexed: true),
      undo: .nothing)
  }

  /// As this was compiled for: what came meanwhile is met the next time.
  private var remember: SQL {
    """
      UPDATE \(id: FollowRegister.table) SET leaves = \(literal: entry.nowText)::jsonb, armed = \(sql: log.armed(table))
      WHERE source = \(literal: table.quoted)
      """
  }

  // MARK: Changes

  private var drain: Operation {
    .chunked(
      id: "drain", title: "bring what was written to \(table) over to \(log.copy)",
      log.followWork(
        noting: """
          UPDATE \(id: FollowRegister.table) AS r SET drained_at = clock_timestamp(), entries = r.entries + p.entries,
            milliseconds = r.milliseconds + CASE WHEN p.entries > 0 THEN p.milliseconds ELSE 0 END, conflict = p.conflict,
            conflict_at = CASE WHEN p.conflict IS NOT NULL THEN coalesce(r.conflict_at, clock_timestamp()) END
          FROM pass AS p WHERE r.source = \(literal: table.quoted)
          """, target: .seconds(10)), undo: .nothing)
  }

  /// A firing that fails is what workers, `status` and `schedule list` show.
  private var alarm: Operation {
    .observe(
      id: "alarm", title: "see whether \(table) can still go back to \(log.copy)",
      ObserveWork([
        ObserveWork.Query(
          "fits", "SELECT conflict IS NULL FROM \(id: FollowRegister.table) WHERE source = \(literal: table.quoted)",
          expect: .isTrue,
          message: "rows have come to \(table) that a constraint of \(log.copy) forbids: until they are deleted or changed,"
            + " rollback would lose them and is refused; caisson status names the constraint"),
        ObserveWork.Query(
          "size",
          """
          SELECT pg_total_relation_size(\(literal: log.log.quoted)) <= max_log
          FROM \(id: FollowRegister.table) WHERE source = \(literal: table.quoted)
          """, expect: .isTrue,
          message: "\(log.log), the log of changes for the way back, is larger than keep_old.max_log"),
      ]))
  }
}
