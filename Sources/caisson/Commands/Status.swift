import CommandLineKit
import Engine
import JSONText
import Journal

/// `caisson status ENVIRONMENT`
struct StatusCommand: Command {
  static let spec = CommandSpec(
    "status", summary: "show where a run stands and what to do next",
    discussion: "Reads the journal only: from any machine, while another process runs.",
    section: Section.watch, arguments: [.environment], options: [.watch, .run, .environment, .variable, .output],
    examples: [
      CommandExample("caisson status production.yaml", "steps, progress, who holds them, the next command"),
      CommandExample("caisson status production.yaml --watch", "from another terminal, until the run ends"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let id = parsed.value(.run)
    let watched = parsed.has(.watch)
    let status = try await chosen.reading("status") { reader -> RunStatus? in
      guard let reader, let run = try await reader.run(id, of: chosen) else { return nil }
      let status = try await RunStatus(run.id, reader, chosen)
      return watched ? try await watch(status, reader, chosen, console) : status
    }
    show(status, of: chosen, on: console)
    return .done
  }

  /// Redraws until the run ends or Ctrl-C.
  private func watch(
    _ first: RunStatus, _ reader: JournalReader, _ chosen: ChosenEnvironment, _ console: Console
  ) async throws -> RunStatus {
    let screen = console.progressScreen(), stop = StopSignal()
    let signals = await UnixSignals.listen()
    let listener = Task { for await _ in signals.stream { stop.request() } }
    defer {
      listener.cancel()
      screen.finish()
    }
    var status = first
    screen.update(status.model)
    while status.isMoving, !stop.isRequested {
      await stop.sleep(milliseconds: 1_000)
      status = try await RunStatus(status.run.id, reader, chosen)
      screen.update(status.model)
    }
    return status
  }

  private func show(_ status: RunStatus?, of chosen: ChosenEnvironment, on console: Console) {
    guard console.format == .text else {
      console.print(status?.json ?? ["run": .null, "next": .string(chosen.next("apply"))])
      return
    }
    guard let status else {
      console.print("\(chosen.title): nothing has run here yet")
      console.print("next: \(chosen.next("apply"))")
      return
    }
    let columns = console.output.isTerminal ? console.output.size.columns : 200
    for line in status.lines(columns: columns, console.output) { console.print(line) }
  }
}
