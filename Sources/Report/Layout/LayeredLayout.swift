import RunModel

/// A point of a drawing, in pixels from its upper left corner.
struct Point: Sendable, Hashable {
  var x: Double
  var y: Double
}

/// Where the steps of a graph and its edges are drawn: what a step needs stands to its left.
struct LayeredLayout: Sendable {
  /// Measures of a drawing.
  struct Measures: Sendable {
    var width = 208.0
    var height = 44.0
    /// Between layers, where edges run.
    var gap = 56.0
    /// Between steps of a layer.
    var row = 14.0
    /// What a passing edge takes of a layer.
    var lane = 14.0
    var margin = 8.0
  }

  struct Edge: Sendable {
    var from: String
    var to: String
    /// From the right side of one to the left side of the other; through each layer it passes, two points.
    var points: [Point]
  }

  let measures: Measures
  /// Upper left corners.
  let places: [String: Point]
  let edges: [Edge]
  let layers: Int
  let width: Double
  let height: Double

  init(_ graph: Graph, _ measures: Measures = Measures()) {
    var layering = Layering(graph)
    layering.reduceCrossings()
    let rows = RowPlacement(layering, measures).middles
    let column = { (layer: Int) in measures.margin + Double(layer) * (measures.width + measures.gap) }
    var places: [String: Point] = [:]
    var edges: [Edge] = []
    for (vertex, id) in graph.order.enumerated() {
      places[id] = Point(x: column(layering.layer[vertex]), y: rows[vertex] - measures.height / 2)
    }
    for chain in layering.chains {
      let points = chain.enumerated().flatMap { place, vertex -> [Point] in
        let left = Point(x: column(layering.layer[vertex]), y: rows[vertex])
        let right = Point(x: left.x + measures.width, y: left.y)
        return place == 0 ? [right] : place == chain.count - 1 ? [left] : [left, right]
      }
      edges.append(Edge(from: graph.order[chain[0]], to: graph.order[chain[chain.count - 1]], points: points))
    }
    self.measures = measures
    self.places = places
    self.edges = edges
    layers = layering.members.count
    width = column(max(layers - 1, 0)) + measures.width + measures.margin
    height = (rows.prefix(graph.order.count).max() ?? 0) + measures.height / 2 + measures.margin
  }
}
