import CommandLineKit
import Journal
import PlanModel
import Report
import RunModel

/// `caisson graph ENVIRONMENT`
struct GraphCommand: Command {
  private static let format = OptionSpec.value(
    "format", short: "f", "FORMAT", .choice(GraphFormat.allCases.map(\.rawValue)), "form of the graph",
    default: GraphFormat.text.rawValue)
  private static let states = OptionSpec.flag("states", "ask the journal where each step of the latest run stands")

  static let spec = CommandSpec(
    "graph", summary: "draw the steps and what they need",
    discussion: "Needs no database, unless states are asked for: then it shows the run as the journal has it.",
    section: Section.check, arguments: [.environment], options: [format, states, .run, .environment, .target, .variable],
    examples: [
      CommandExample("caisson graph production.yaml", "a line per step, in the terminal"),
      CommandExample("caisson graph production.yaml --states --format svg > run.svg", "a picture of the latest run"),
      CommandExample("caisson graph production.yaml --format dot | dot -Tpng -o plan.png", "for Graphviz"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let graph = try await graph()
    let stream = StandardStream(descriptor: console.output.descriptor)
    switch GraphFormat(rawValue: parsed.value(Self.format) ?? "") ?? .text {
    case .mermaid: return stream.writeLine(graph.mermaid) ? .done : .failed
    case .dot: return stream.writeLine(graph.dot) ? .done : .failed
    case .svg: return stream.write(GraphDrawing(graph).document) ? .done : .failed
    case .text:
      let terminal = console.output
      let text = GraphText(graph, utf8: terminal.hasUTF8, palette: terminal.palette)
      for line in text.lines { console.print(line) }
      return .done
    }
  }

  private func graph() async throws -> StepGraph {
    let id = parsed.value(.run)
    guard parsed.has(Self.states) || id != nil else { return try StepGraph(ChosenEnvironment(drawing: parsed)) }
    let chosen = try ChosenEnvironment(looking: parsed)
    let graph = try await chosen.reading("graph") { reader -> StepGraph? in
      guard let reader, let run = try await reader.run(id, of: chosen) else { return nil }
      return try StepGraph(run, try await reader.steps(run: run.id))
    }
    return try graph ?? StepGraph(chosen)
  }
}

extension StepGraph {
  /// The steps of a plan, of which nothing has run.
  init(_ chosen: ChosenEnvironment) throws {
    try self.init(
      title: chosen.title,
      chosen.resolved.plan.steps.map { step in
        Node(
          id: step.id, kind: step.uses, needs: step.needs, state: step.skip == nil ? nil : .skipped, reason: step.skip)
      })
  }
}
