import PluginAPI

/// From the views a step names to operations: what is read comes first, each in a transaction of its own. A view that
/// fails is recorded and does not stop the others; at the end it is tried once more, so that its error is the step's.
struct RefreshCompiler {
  let step: Step<MatviewRefresh.Parameters>
  let facts: any Facts

  private var wanted: MatviewRefresh.Parameters { step.parameters }

  func program() async throws -> Program {
    try await checkNames()
    let targets = try await RefreshSurvey(facts: facts).targets()
    let chosen = try chosen(of: targets)
    var findings: [Finding] = []
    let due = due(RefreshOrder.sorted(chosen), &findings)
    let able = due.filter { isAble($0, &findings) }
    guard !able.isEmpty else { return Program(findings: findings) }
    let blocks = able.map { RefreshBlock($0, maxStall: step.maxStall) }
    return Program(
      findings: findings,
      operations: try await register() + blocks.map { operation($0, isTolerant: true) }
        + blocks.map { operation($0, isTolerant: false) },
      privileges: able.map { Privilege(.owner($0.name)) })
  }

  // MARK: Which

  private func checkNames() async throws {
    var findings: [Finding] = []
    for item in wanted.names {
      let kind = try await facts.relationKind(item.value)
      guard kind != .materializedView else { continue }
      let like = try await facts.relationNames(like: item.value)
      findings.append(
        .refusal(
          "matview.absent", kind.map { "\(item.value) is a \($0.noun), no materialized view" }
            ?? "there is no materialized view \(item.value)",
          choices: like.map { "did you mean \($0)?" } + ["matview.create makes one"], at: item.range))
    }
    guard findings.isEmpty else { throw StepRefusal(findings) }
  }

  private func chosen(of targets: [RefreshTarget]) throws -> [RefreshTarget] {
    if wanted.all { return targets.filter(\.isOurs) }
    let names = Set(wanted.names.map(\.value))
    return targets.filter { names.contains($0.name) }
  }

  /// What stands on a view that is refreshed has changed with it.
  private func due(_ targets: [RefreshTarget], _ findings: inout [Finding]) -> [RefreshTarget] {
    var due: [RefreshTarget] = []
    let ages = Dictionary(targets.map { ($0.oid, $0.age ?? 0) }, uniquingKeysWith: { first, _ in first })
    for target in targets {
      if let reason = target.waits {
        findings.append(.note("matview.not_due", "\(target.name) is left as it is: \(reason)", at: wanted.$names))
        continue
      }
      let isBelowNewer = target.reads.contains { below in
        due.contains { $0.oid == below } || ages[below].map { $0 < target.age ?? 0 } ?? false
      }
      if target.isUnchanged, !isBelowNewer {
        findings.append(
          .note("matview.unchanged", "\(target.name) is left as it is: nothing has changed since", at: wanted.$names))
        continue
      }
      if target.entry?.onlyIfChanged ?? false, !target.isWatched {
        findings.append(
          .warning(
            "matview.unwatched", "\(target.name) is to be refreshed only if changed, and nothing marks its changes: it is"
              + " refreshed each time", choices: ["matview.trigger for it"], at: wanted.$names))
      }
      due.append(target)
    }
    return due
  }

  private func isAble(_ target: RefreshTarget, _ findings: inout [Finding]) -> Bool {
    if target.mode == .concurrently, target.isPopulated, !target.tellsRowsApart {
      let message = "\(target.name) is to be refreshed concurrently and has no unique index on plain columns (an"
        + " expression or a condition does not count): PostgreSQL refuses it (55000)"
      let choices = ["matview.create with unique_key", "refresh: { mode: full } there"]
      findings.append(
        wanted.all
          ? .warning("matview.unique_key", message + "; it is left out", choices: choices, at: wanted.$all)
          : .refusal("matview.unique_key", message, choices: choices, at: wanted.$names))
      return false
    }
    if target.stallsReaders {
      findings.append(
        .warning(
          "matview.full", "\(target.name) is refreshed in full: its readers wait meanwhile, at most max_stall"
            + " (\(step.maxStall)); what takes longer is given up and recorded as failed",
          choices: ["a unique key, so that it can be refreshed concurrently", "a larger max_stall for this step"],
          at: wanted.all ? wanted.$all : wanted.$names))
    }
    return true
  }

  // MARK: Operations

  private func register() async throws -> [Operation] {
    let there = try await facts.rows(
      """
      SELECT to_regclass(\(MatviewRegister.table.quoted)) IS NOT NULL
        AND to_regclass(\(ChangeMarks.table.quoted)) IS NOT NULL
      """).first?[0]
    guard there != "t" else { return [] }
    return [
      .transaction(
        id: "register", title: "where refreshes are recorded",
        [TransactionStatement(MatviewRegister.create), TransactionStatement(ChangeMarks.create)], undo: .nothing)
    ]
  }

  private func operation(_ block: RefreshBlock, isTolerant: Bool) -> Operation {
    let name = block.target.name
    let how = block.target.isConcurrent ? "concurrently" : "in full"
    return block.operation(
      id: "\(isTolerant ? "refresh" : "again")-\(name)",
      title: isTolerant ? "refresh \(name) \(how)" : "refresh \(name) again, which failed",
      isTolerant: isTolerant, unless: isTolerant ? fresh(block.target) : succeeded(name))
  }

  /// Somebody else was quicker.
  private func fresh(_ target: RefreshTarget) -> SQL {
    """
    SELECT EXISTS (SELECT FROM \(id: MatviewRegister.table) AS m JOIN pg_class c ON c.oid = m.view::regclass
      WHERE m.view = \(literal: MatviewRegister.key(target.name)) AND m.failure IS NULL AND c.relispopulated
        AND m.as_of > clock_timestamp() - m.min_interval_ms * interval '1 millisecond')
    """
  }

  private func succeeded(_ name: QualifiedName) -> SQL {
    """
    SELECT NOT EXISTS (SELECT FROM \(id: MatviewRegister.table) AS m
      WHERE m.view = \(literal: MatviewRegister.key(name)) AND m.failure IS NOT NULL)
    """
  }
}
