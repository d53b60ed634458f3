import Dispatch
import Glibc
import Synchronization

/// Shows progress while work is under way: redrawn in place on a terminal, as lines elsewhere.
///
/// Callers hand over models as often as they like and never wait for the terminal: everything is written on one queue,
/// at most ten times a second.
package final class ProgressScreen: Sendable {
  /// How progress is shown.
  package enum Mode: Sendable, Equatable {
    case live, plain, ndjson

    /// Live where a person watches and the terminal can do it.
    package static func suited(to terminal: Terminal) -> Mode { terminal.isCapable ? .live : .plain }
  }

  private struct State {
    var model: ProgressModel?
    var heardAt = ContinuousClock.now
    var log: ProgressLog
    var painter = ScreenPainter()
    var pending = ""
    var tick = 0
    var isFinished = false
  }

  private let mode: Mode
  private let terminal: Terminal
  private let stream: StandardStream
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "caisson.progress")
  private let timer: Mutex<any DispatchSourceTimer>

  /// Progress goes to `stream`; `terminal` says what is at the far end of it.
  package init(mode: Mode, terminal: Terminal = .standardError, stream: StandardStream = .error) {
    self.mode = mode
    self.terminal = terminal
    self.stream = stream
    state = Mutex(State(log: ProgressLog(format: mode == .ndjson ? .ndjson : .plain)))
    timer = Mutex(DispatchSource.makeTimerSource(queue: queue))
    timer.withLock {
      $0.schedule(deadline: .now(), repeating: .milliseconds(mode == .live ? 100 : 1000))
      $0.setEventHandler { @Sendable [weak self] in self?.refresh() }
      $0.activate()
    }
    if mode == .live { HiddenCursor.restoreAtExit() }
  }

  deinit { timer.withLock { $0.cancel() } }

  /// Takes over what is known now.
  package func update(_ model: ProgressModel) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.model = model
      state.heardAt = .now
      if mode != .live { append(state.log.lines(model), &state) }
    }
  }

  /// Prints a line that stays, above the progress.
  package func print(_ line: String) {
    state.withLock { state in
      guard mode == .live, !state.isFinished else { return append([line], &state) }
      let columns = terminal.size.columns
      let text = state.painter.print([line], columns: columns) + drawing(&state, columns)
      append(text, &state)
    }
  }

  /// Draws the end state and gives the terminal back; later updates are ignored.
  package func finish() {
    timer.withLock { $0.cancel() }
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      if mode == .live { append(drawing(&state, terminal.size.columns) + state.painter.finish(), &state) }
    }
    queue.sync { flush() }
  }

  private func refresh() {
    state.withLock { state in
      guard let model = state.model, !state.isFinished else { return }
      state.tick += 1
      if mode == .live {
        append(drawing(&state, terminal.size.columns), &state)
      } else {
        append(state.log.lines(model.later(by: state.heardAt.duration(to: .now))), &state)
      }
    }
  }

  // MARK: Writing

  private func append(_ lines: [String], _ state: inout State) {
    append(lines.map { $0 + "\n" }.joined(), &state)
  }

  /// What is drawn depends on what was drawn before: the order of writing is the order of drawing, under the lock.
  private func append(_ text: String, _ state: inout State) {
    guard !text.isEmpty else { return }
    state.pending += text
    queue.async { @Sendable [weak self] in self?.flush() }
  }

  /// Only on the queue.
  private func flush() {
    let (text, isFinished) = state.withLock { state in
      defer { state.pending = "" }
      return (state.pending, state.isFinished)
    }
    if !text.isEmpty { stream.write(text) }
    if mode == .live, isFinished { HiddenCursor.isHidden.store(false, ordering: .relaxed) }
  }

  private func drawing(_ state: inout State, _ columns: Int) -> String {
    guard let model = state.model else { return "" }
    HiddenCursor.isHidden.store(!state.isFinished, ordering: .relaxed)
    let frame = ProgressFrame(
      columns: columns, rows: terminal.size.rows, utf8: terminal.hasUTF8, palette: terminal.palette)
    let lines = frame.lines(model.later(by: state.heardAt.duration(to: .now)), tick: state.tick)
    return state.painter.draw(lines, columns: columns)
  }
}

/// Gives the cursor back when the program leaves by `exit` in mid-drawing.
private enum HiddenCursor {
  static let isHidden = Atomic<Bool>(false)

  static func restoreAtExit() { _ = registered }

  private static let registered = atexit {
    if HiddenCursor.isHidden.load(ordering: .relaxed) { StandardStream.error.write("\u{1B}[?25h") }
  }
}
