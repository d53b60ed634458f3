import ChildProcess
import Journal
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import RunModel
import Synchronization

/// Opens, runs the body, closes: whatever happens in between.
///
/// The bracket's own task is its record: `intent` says that it may be open. Its guardian is armed before that is
/// written, and the body's operations have tasks of their own, so a bracket opened again goes on at a checkpoint.
struct BracketRunner {
  let runner: OperationRunner
  let operation: Operation
  let work: BracketWork

  private var shop: Workshop { runner.shop }
  private var ledger: Ledger { runner.ledger }
  private var step: String { runner.step.id }
  private var holding: Holding { runner.holding }

  func run() async throws {
    guard var marker = try await runner.tasks(of: operation).first, !marker.isFinished else { return }
    if try await isUnnecessary(marker) { return }
    if marker.state == .intent || marker.state == .inDoubt {
      if try await recover(marker) == .complete { return }
      marker = try await ledger.task(marker)
    }
    if shop.stop.isRequested { throw Interrupted() }
    shop.reporter(.operationStarted(step: step, title: operation.title))
    let began = ContinuousClock.now
    let link = try await open(marker)
    let result = await inside(marker, link)
    try await finish(marker, result, link, after: (ContinuousClock.now - began).milliseconds)
    shop.reporter(
      .operationDone(step: step, title: operation.title, milliseconds: (ContinuousClock.now - began).milliseconds))
  }

  private func isUnnecessary(_ marker: TaskRecord) async throws -> Bool {
    let context = TaskContext(workshop: shop, step: runner.step, task: marker, holding: holding, operation: operation)
    guard try await runner.isUnnecessary(context) else { return false }
    for task in try await body() where !task.isFinished {
      try await ledger.write(JournalSQL.taskSkipped(holding, task: task.task, reason: "not necessary"))
    }
    return true
  }

  private func body() async throws -> [TaskRecord] {
    var tasks: [TaskRecord] = []
    for leaf in work.body.flatMap(\.leaves) { tasks += try await runner.tasks(of: leaf) }
    return tasks
  }

  // MARK: A bracket that was left open

  /// Closes it and records that. What the body had finished needs no second opening.
  func recover(_ marker: TaskRecord) async throws -> ProbeVerdict {
    shop.reporter(.notice(step: step, text: "`\(operation.title)` was left open: closing it first"))
    await waitForGuardian(marker)
    if marker.state == .intent { try await ledger.write(JournalSQL.intentInDoubt(holding, task: marker.task)) }
    do {
      try await edges(marker).close(work.close, tries: 10, pause: .milliseconds(500))
    } catch {
      if error is Replaced { throw error }
      throw unclosed(error)
    }
    let isOver = try await body().allSatisfy(\.isFinished)
    let verdict: ProbeVerdict = isOver ? .complete : .absent
    try await ledger.write(JournalSQL.inDoubtDecided(holding, task: marker.task, verdict, detail: "closed"))
    return verdict
  }

  /// It may be closing at this very moment; closing while we open again would open ours.
  private func waitForGuardian(_ marker: TaskRecord) async {
    guard let guardian = marker.intent?["guardian"], let pid = guardian["pid"]?.int, let host = guardian["host"]?.string,
      let boot = guardian["boot"]?.string, let start = guardian["start"]?.string
    else { return }
    for _ in 0..<900 {
      if ThisProcess.isDead(host: host, bootID: boot, pid: Int(pid), start: start) { return }
      if host != ThisProcess.identity().host { return }
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  // MARK: Opening

  /// Guardian, then intent, then the word that it has to watch.
  private func open(_ marker: TaskRecord) async throws -> GuardianLink {
    let order = try GuardianOrder(
      operation, work, shop: shop, task: marker, holding: holding,
      lockTimeout: runner.step.policy.maxStall.duration, environment: Environment.current)
    let link = try await GuardianLink.arm(order, program: shop.guardian)
    do {
      try await ledger.write(JournalSQL.intent(holding, task: marker.task, intent(link)))
    } catch {
      await link.release()
      throw error
    }
    if await link.opening() { return link }
    throw EngineError(
      .failed, "the guardian of `\(operation.title)` ended before anything was opened", hint: "resume", step: step,
      operation: operation.title)
  }

  /// What a person reads, and can do, when everything has died.
  private func intent(_ link: GuardianLink) -> JSON {
    [
      "bracket": .string(operation.title), "open": true, "deadline_ms": .int(work.deadline.milliseconds),
      "guardian": link.identity, "close": .array(work.close.flatMap(\.byHand).map(JSON.string)),
    ]
  }

  private func edges(_ marker: TaskRecord) -> EdgeRunner {
    EdgeRunner(
      target: shop.target.direct, folder: shop.folder,
      lockTimeout: runner.step.policy.maxStall.duration, proof: JournalSQL.bracketProof(holding, task: marker.task))
  }

  // MARK: Inside

  /// Opening and body under the deadline, a stop signal of their own and the caller's cancellation.
  private func inside(_ marker: TaskRecord, _ link: GuardianLink) async -> Result<Void, any Error> {
    var inner = shop
    inner.stop = StopSignal()
    inner.target = shop.target.direct
    let stop = inner.stop
    let quiet = shop.stop.listen { stop.raise(to: $0) }
    let edges = edges(marker), operations = runner.within(inner), open = work.open, body = work.body
    let opened = Task {
      do { try await edges.open(open) } catch let error as EngineError where error.isSilence { throw PutOff(error: error) }
      try await operations.run(body)
    }
    let overdue = Overdue(after: BracketDeadline(work.deadline.duration).parent) {
      stop.raise(to: .cancel)
      opened.cancel()
    }
    let vigil = Task { await link.hasDied() }
    let alarm = Task {
      guard await vigil.value else { return }
      stop.raise(to: .cancel)
      opened.cancel()
    }
    let result = await withTaskCancellationHandler { await opened.result } onCancel: { opened.cancel() }
    let isLate = overdue.end()
    vigil.cancel()
    let isUnguarded = await vigil.value
    await alarm.value
    quiet()
    if inner.target !== shop.target { await inner.target.close() }
    guard case .failure(let error) = result, !(error is Replaced) else { return result }
    return isLate ? .failure(late(error)) : isUnguarded ? .failure(unguarded()) : result
  }

  private func unguarded() -> EngineError {
    EngineError(
      .failed, "the guardian of `\(operation.title)` has ended: without it, it is not kept open",
      hint: "what was committed stays; resume", step: step, operation: operation.title)
  }

  private func late(_ error: any Error) -> EngineError {
    let reason = Failure(error)
    let cause = if case .error(let known) = reason.kind, known.sqlState != "57014" { ": \(known.message)" } else { "" }
    return EngineError(
      .failed, "`\(operation.title)` was not over within its deadline of \(work.deadline)\(cause)",
      hint: "what was committed stays; raise the deadline, or lessen what is done inside, then resume", step: step,
      operation: operation.title)
  }

  // MARK: Closing

  /// Not cancelled with the work: on every way out.
  private func finish(
    _ marker: TaskRecord, _ result: Result<Void, any Error>, _ link: GuardianLink, after milliseconds: Int
  ) async throws {
    try await Task {
      try await close(marker, result, link)
      switch result {
      case .success:
        let open: JSON = ["open_ms": .int(Int64(milliseconds))]
        try await ledger.write(JournalSQL.intentDone(holding, task: marker.task, result: open))
      case .failure(let error):
        // Where the journal does not answer it stays open on record, and is closed once more before anything else.
        if !Failure(error).isConnectionLoss { try await recordClosed(marker) }
        throw error
      }
    }.value
  }

  private func recordClosed(_ marker: TaskRecord) async throws {
    guard (try? await ledger.write(JournalSQL.intentInDoubt(holding, task: marker.task))) != nil else { return }
    _ = try? await ledger.write(JournalSQL.inDoubtDecided(holding, task: marker.task, .absent, detail: "closed"))
  }

  /// By us; by the guardian where it was faster, where the server is gone, and where we do not succeed.
  private func close(_ marker: TaskRecord, _ result: Result<Void, any Error>, _ link: GuardianLink) async throws {
    var lost = false
    if case .failure(let error) = result { lost = Failure(error).isConnectionLoss }
    let begun = await link.hasBegun()
    guard !begun, !lost else {
      if await link.handOver() { return }
      throw unclosed(nil)
    }
    do {
      try await edges(marker).close(work.close, tries: 3, pause: .milliseconds(300))
      await link.release()
    } catch {
      let closed = await link.handOver()
      if error is Replaced { throw error }
      if !closed { throw unclosed(error) }
    }
  }

  private func unclosed(_ error: (any Error)?) -> EngineError {
    let cause = error.map { ": \(Failure($0).engineError.message)" } ?? ""
    return EngineError(
      .failed, "`\(operation.title)` is still open, it could not be closed\(cause)",
      hint: "resume closes it before anything else; by hand: " + work.close.flatMap(\.byHand).joined(separator: "; "),
      step: step, operation: operation.title)
  }
}

/// Opening took longer than others may wait; it is tried again when they had their turn.
struct PutOff: Error { let error: EngineError }

/// Does something when a time has passed, unless it was ended before.
private final class Overdue: Sendable {
  private let state = Mutex((ended: false, late: false))
  private let timer = Mutex<Task<Void, Never>?>(nil)

  init(after limit: Duration, _ act: @escaping @Sendable () -> Void) {
    let task = Task { [self] in
      try? await Task.sleep(for: limit)
      let isLate = state.withLock { state -> Bool in
        state.late = !state.ended && !Task.isCancelled
        return state.late
      }
      if isLate { act() }
    }
    timer.withLock { $0 = task }
  }

  /// Whether it was too late.
  func end() -> Bool {
    timer.withLock { $0 }?.cancel()
    return state.withLock { state in
      state.ended = true
      return state.late
    }
  }
}
