import CommandLineKit

/// A graph as SVG: boxes with the step's name, its state and its kind, and curves from what it needs.
package struct GraphDrawing {
  /// What fits a box.
  private static let letters = 23

  let graph: StepGraph
  /// Where a step's box leads.
  var link: (String) -> String? = { _ in nil }

  package init(_ graph: StepGraph) { self.graph = graph }

  init(_ graph: StepGraph, link: @escaping (String) -> String?) {
    self.graph = graph
    self.link = link
  }

  /// A file of its own, for light and dark surroundings.
  package var document: String {
    let drawing: Markup = drawing(
      attributes: #" xmlns="http://www.w3.org/2000/svg""#, style: "<style>\(PageStyle.ofFile)</style>")
    return drawing.text + "\n"
  }

  /// Inside of a page that brings the style.
  var figure: Markup { drawing(attributes: "", style: "") }

  private func drawing(attributes: Markup, style: Markup) -> Markup {
    let layout = LayeredLayout(graph.graph)
    let size: Markup =
      #"width="\#(layout.width)" height="\#(layout.height)" viewBox="0 0 \#(layout.width) \#(layout.height)""#
    let head: Markup = """
      <svg\(attributes) class="graph" role="group" aria-labelledby="graph-title graph-desc" \(size)>\(style)
      <title id="graph-title">Steps of \(graph.title)</title>
      <desc id="graph-desc">\(graph.summary). What a step needs stands to its left.</desc>

      """
    let edges = layout.edges.map { edge -> Markup in "<path class=\"edge\" d=\"\(path(edge.points))\"/>\n" }
    let boxes = graph.nodes.map { node in layout.places[node.id].map { box(node, at: $0, layout.measures) } ?? "" }
    return "\(head)<g>\(edges)</g>\n\(boxes)</svg>"
  }

  /// Through pairs of points: straight over a layer, curved between two.
  private func path(_ points: [Point]) -> Markup {
    guard let first = points.first else { return "" }
    var path: Markup = "M\(first.x) \(first.y)"
    var here = first
    for (place, next) in points.enumerated().dropFirst() {
      let middle = (here.x + next.x) / 2
      let curve: Markup = "C\(middle) \(here.y) \(middle) \(next.y) \(next.x) \(next.y)"
      path = path + (place.isMultiple(of: 2) ? "L\(next.x) \(next.y)" : curve)
      here = next
    }
    return path
  }

  private func box(_ node: StepGraph.Node, at place: Point, _ measures: LayeredLayout.Measures) -> Markup {
    let tone = node.state?.mark.tone.rawValue ?? "plain"
    let state: Markup = node.state.map { #"<tspan class="state">\#($0.mark.symbol) \#($0.mark.word)</tspan> · "# } ?? ""
    let noReturn: Markup = node.isIrreversible ? #"<tspan class="no-return">⊘ </tspan>"# : ""
    let room = Self.letters - (node.state.map { $0.mark.word.count + 1 } ?? -3)
    let inside: Markup = """
      <title>\(spoken(node))</title>
      <rect class="box" x="\(place.x)" y="\(place.y)" width="\(measures.width)" height="\(measures.height)" rx="5"/>
      <rect class="bar" x="\(place.x)" y="\(place.y)" width="5" height="\(measures.height)" rx="2"/>
      <text class="name" x="\(place.x + 14)" y="\(place.y + 18)">\(noReturn)\(short(node.id, Self.letters))</text>
      <text class="kind" x="\(place.x + 14)" y="\(place.y + 35)">\(state)\(short(node.kind, room))</text>
      """
    guard let target = link(node.id) else { return "<g class=\"node \(tone)\">\(inside)</g>\n" }
    return "<a class=\"node \(tone)\" href=\"\(target)\" aria-label=\"\(spoken(node))\">\(inside)</a>\n"
  }

  private func short(_ text: String, _ letters: Int) -> String {
    DisplayText.truncate(DisplayText.singleLine(text), to: letters)
  }

  private func spoken(_ node: StepGraph.Node) -> String {
    let needs = node.needs.isEmpty ? nil : "needs \(node.needs.joined(separator: ", "))"
    let parts: [String?] = [
      node.id, node.kind, node.state?.mark.word, node.isIrreversible ? "point of no return" : nil, node.reason, needs,
    ]
    return parts.compactMap { $0 }.joined(separator: "; ")
  }
}
