import CommandLineKit
import RunModel
import TestSupport
import Testing

@testable import Report

@Suite struct GraphFormatTests {
  /// As a plan has it, and as a run does.
  private static func graph(running: Bool) throws -> StepGraph {
    let states: [StepState?] = running ? [.done, .done, .running, .skipped, .failed, .blocked, .pending] : Array(repeating: nil, count: 7)
    let steps: [(String, String, [String])] = [
      ("indexes", "index.create", []), ("views", "matview.create", []), ("swap", "partition.swap", ["indexes"]),
      ("statistics", "sql.run", ["indexes"]), ("refresh", "matview.refresh", ["views", "swap"]),
      ("purge", "gdpr.retention", ["swap"]), ("a \"quoted\" <step> | of a hostile\\name", "sql.run", ["refresh", "views", "statistics"]),
    ]
    let nodes = zip(steps, states).map { step, state in
      StepGraph.Node(
        id: step.0, kind: step.1, needs: step.2, state: state, isIrreversible: step.0 == "purge",
        reason: state == .skipped ? "not here" : nil)
    }
    return try StepGraph(title: "shop on staging", nodes)
  }

  @Test("a graph in every form, of a plan and of a run", arguments: GraphFormat.allCases, [false, true])
  func forms(format: GraphFormat, running: Bool) throws {
    let graph = try Self.graph(running: running)
    let text = switch format {
    case .text: (GraphText(graph, utf8: true).lines + [""] + GraphText(graph, utf8: false).lines).joined(separator: "\n")
    case .mermaid: graph.mermaid
    case .dot: graph.dot
    case .svg: GraphDrawing(graph).document
    }
    try Snapshot.expect(text, named: "graph-\(format.rawValue)\(running ? "-run" : "")")
  }

  @Test("with more lanes than anybody follows, what a step needs stands behind it")
  func manyLanes() throws {
    let roots = (0..<40).map { StepGraph.Node(id: "r\($0)", kind: "sql.run", needs: []) }
    let graph = try StepGraph(title: "wide", roots + [.init(id: "end", kind: "sql.run", needs: roots.map(\.id))])
    let lines = GraphText(graph, utf8: true).lines
    #expect(lines.contains { $0.contains("end") && $0.contains("needs r0, r1") })
    #expect(lines.count == 43)
  }

  @Test("without UTF-8 nothing but ASCII is printed")
  func ascii() throws {
    for line in GraphText(try Self.graph(running: true), utf8: false).lines { #expect(line.unicodeScalars.allSatisfy { $0.isASCII }, "\(line)") }
  }
}
