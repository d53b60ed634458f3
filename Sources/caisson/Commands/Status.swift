import CommandLineKit
import Engine
import JSONText
import Journal

/// `caisson status ENVIRONMENT`
struct StatusCommand: Command {
  static let spec = CommandSpec(
    "status", summary: "show where a run stands and what to do next",
    discussion: """
      Reads the journal only: from any machine, while another process runs. Of an environment with many targets it shows
      each, or the one named with --target.
      """,
    section: Section.watch, arguments: [.environment], options: [.watch, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson status production.yaml", "steps, progress, who holds them, the next command"),
      CommandExample("caisson status production.yaml --watch", "from another terminal, until the run ends"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let all = try ChosenEnvironment.each(looking: parsed)
    if all.count == 1 { return try await run(all[0], console) }
    // What is about one run asks for its target.
    if parsed.has(.watch) || parsed.has(.run) { return try await run(ChosenEnvironment(looking: parsed), console) }
    return await run(each: all, console)
  }

  /// One that cannot be reached does not keep the others from being shown.
  private func run(each all: [ChosenEnvironment], _ console: Console) async -> ExitCode {
    var code = ExitCode.done
    var documents: [JSON] = []
    for (place, chosen) in all.enumerated() {
      do {
        let status = try await look(chosen, console)
        documents.append(Self.json(status, chosen))
        if place > 0, console.format == .text { console.print("") }
        if console.format != .json { show(status, of: chosen, on: console) }
      } catch {
        let problem = Problem(error)
        code = .failed
        documents.append(["target": .string(chosen.targetName), "error": problem.json["error"] ?? .null])
        console.report(problem, by: [Tool.name, "status", chosen.targetName])
      }
    }
    if console.format == .json { console.print(["targets": .array(documents)]) }
    return code
  }

  private func run(_ chosen: ChosenEnvironment, _ console: Console) async throws -> ExitCode {
    show(try await look(chosen, console), of: chosen, on: console)
    return .done
  }

  private func look(_ chosen: ChosenEnvironment, _ console: Console) async throws -> RunStatus? {
    let id = parsed.value(.run)
    let watched = parsed.has(.watch)
    return try await chosen.reading("status") { reader -> RunStatus? in
      guard let reader, let run = try await reader.run(id, of: chosen) else { return nil }
      let status = try await RunStatus(run.id, reader, chosen)
      return watched ? try await watch(status, reader, chosen, console) : status
    }
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
      console.print(Self.json(status, chosen))
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

  private static func json(_ status: RunStatus?, _ chosen: ChosenEnvironment) -> JSON {
    let target = chosen.targetName
    return status?.json ?? ["target": .string(target), "run": .null, "next": .string(chosen.next("apply"))]
  }
}
