package import CommandLineKit
import RunModel

/// A graph for a terminal: a line per step, beside it the lanes on which steps wait for what needs them.
package struct GraphText {
  /// With more lanes nobody follows them: what a step needs is then written behind it.
  private static let mostLanes = 24

  let graph: StepGraph
  let hasUTF8: Bool
  let palette: Palette

  package init(_ graph: StepGraph, utf8: Bool, palette: Palette = .plain) {
    self.graph = graph
    hasUTF8 = utf8
    self.palette = palette
  }

  package var lines: [String] {
    let rows = LaneRow.rows(of: graph.graph)
    let lanes = rows.map(\.cells.count).max() ?? 0
    let named = max(graph.nodes.map { DisplayText.width(DisplayText.singleLine($0.id)) }.max() ?? 0, 4)
    let kinds = graph.nodes.map { DisplayText.width($0.kind) }.max() ?? 0
    let body = zip(graph.nodes, rows).map { node, row in
      let symbol = palette(symbol(of: node), style(of: node))
      let way = lanes > Self.mostLanes ? symbol : row.text(symbol, width: lanes, utf8: hasUTF8)
      return Self.trimmed("\(way)  " + words(of: node, named, kinds, showsNeeds: lanes > Self.mostLanes))
    }
    return [palette(DisplayText.singleLine(graph.title), .bold)] + body + [palette(graph.summary, .dim)]
  }

  private func words(of node: StepGraph.Node, _ named: Int, _ kinds: Int, showsNeeds: Bool) -> String {
    var parts = [palette(DisplayText.pad(DisplayText.singleLine(node.id), to: named), .bold)]
    parts.append(DisplayText.pad(DisplayText.singleLine(node.kind), to: kinds))
    if let state = node.state { parts.append(palette(state.mark.word, style(of: node))) }
    if node.isIrreversible { parts.append(palette("point of no return", .red)) }
    if let reason = node.reason { parts.append(DisplayText.singleLine(reason)) }
    if showsNeeds, !node.needs.isEmpty { parts.append("needs \(node.needs.joined(separator: ", "))") }
    return parts.joined(separator: "  ")
  }

  private func symbol(of node: StepGraph.Node) -> String {
    guard let state = node.state else { return hasUTF8 ? "●" : "*" }
    return hasUTF8 ? state.mark.symbol : state.plainSymbol
  }

  private func style(of node: StepGraph.Node) -> Style {
    switch node.state?.mark.tone {
    case .good: .green
    case .active: .cyan
    case .waiting: .yellow
    case .person, .bad: .red
    case .quiet, .back: .dim
    case nil: .bold
    }
  }

  private static func trimmed(_ line: String) -> String {
    guard let end = line.lastIndex(where: { $0 != " " }) else { return "" }
    return String(line[...end])
  }
}

extension StepState {
  /// The symbol where there is only ASCII.
  fileprivate var plainSymbol: String {
    switch self {
    case .pending: "."
    case .running, .undoing: ">"
    case .backoff, .waiting: "~"
    case .inDoubt: "?"
    case .blocked, .failed, .undoFailed: "!"
    case .done: "+"
    case .skipped: "-"
    case .undone: "<"
    }
  }
}
