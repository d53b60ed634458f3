import CommandLineKit
import Engine
import Journal
import JSONText
import PlanModel

/// `caisson events ENVIRONMENT`
struct EventsCommand: Command {
  private static let limit = OptionSpec.limit(1000)

  static let spec = CommandSpec(
    "events", summary: "print what happened in a run, in order",
    discussion: "With --output ndjson one object per event: the form to feed other tools with.",
    section: Section.watch, arguments: [.environment],
    options: [.follow, .step, limit, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson events production.yaml", "the latest run's events, and those of schedules"),
      CommandExample("caisson events production.yaml -f -o ndjson", "as they are committed"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let step = try parsed.value(.step).map { try chosen.step(named: $0, for: parsed).id }
    let id = parsed.value(.run), limit = parsed.integer(Self.limit) ?? 1000, follows = parsed.has(.follow)
    try await chosen.reading("events") { reader in
      guard let reader, let run = try await reader.run(id, of: chosen) else {
        return show([], on: console, whole: true)
      }
      // What happens to schedules is between the runs.
      let plan = id == nil ? "\(run.plan)/\(run.environment)" : nil
      let events = try await reader.lastEvents(of: run.id, plan: plan, step: step, limit: limit)
      show(events, on: console, whole: !follows)
      if follows { try await follow(run.id, plan, step, after: events.last?.id ?? 0, reader, console) }
    }
    return .done
  }

  /// Prints what is new until Ctrl-C or until nobody reads any more.
  private func follow(
    _ run: String, _ plan: String?, _ step: String?, after id: Int64, _ reader: JournalReader, _ console: Console
  ) async throws {
    let stop = StopSignal()
    let signals = await UnixSignals.listen()
    let listener = Task { for await _ in signals.stream { stop.request() } }
    defer { listener.cancel() }
    var last = id
    while !stop.isRequested {
      await stop.sleep(milliseconds: 500)
      let new = try await reader.events(after: last, run: run, plan: plan, step: step)
      last = new.last?.id ?? last
      show(new, on: console, whole: false)
    }
  }

  private func show(_ events: [EventRecord], on console: Console, whole: Bool) {
    switch console.format {
    case .json where whole: console.print(.array(events.map(\.json)))
    case .json, .ndjson: for event in events { console.print(event.json.text) }
    case .text: for event in events { console.print(event.line(console.output.palette)) }
    }
  }
}

extension EventRecord {
  /// Instant and sentence.
  func line(_ palette: Palette) -> String {
    "\(palette(Instant.short(at), .dim))  \(DisplayText.singleLine(EventText.line(self)))"
  }

  var json: JSON {
    [
      "id": .int(id), "seq": seq.map(JSON.int) ?? .null, "at": .string(at), "run": JSON(run), "step": JSON(step),
      "task": task.map { .int(Int64($0)) } ?? .null, "kind": .string(kind), "actor": .string(actor),
      "db_user": .string(databaseUser), "data": data, "text": .string(EventText.line(self)),
    ]
  }
}
