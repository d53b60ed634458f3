import RunModel

/// Steps in layers, each behind all it needs; an edge over several layers has a stand-in in each that it passes.
struct Layering: Sendable {
  /// Stand-ins cost as much as steps: what would need more of them is drawn straight.
  private static let mostStandIns = 6_000
  private static let sweeps = 12

  /// By vertex: first the steps in the order of the graph, then stand-ins.
  private(set) var layer: [Int] = []
  /// Vertices of each layer, from top to bottom.
  private(set) var members: [[Int]] = []
  /// Of each edge the vertices it goes through, its steps included.
  private(set) var chains: [[Int]] = []
  /// Neighbours in the layer before and in the one after.
  private(set) var before: [[Int]] = []
  private(set) var after: [[Int]] = []
  let steps: Int

  init(_ graph: Graph) {
    steps = graph.order.count
    let number = Dictionary(uniqueKeysWithValues: graph.order.enumerated().map { ($1, $0) })
    let needs = graph.order.map { Set(graph.needs[$0, default: []].compactMap { number[$0] }).sorted() }
    for step in 0..<steps { layer.append((needs[step].map { layer[$0] }.max() ?? -1) + 1) }
    before = Array(repeating: [], count: steps)
    after = before
    members = Array(repeating: [], count: (layer.max() ?? -1) + 1)
    for step in 0..<steps { members[layer[step]].append(step) }
    let edges = (0..<steps).flatMap { step in needs[step].map { (from: $0, to: step) } }
    var left = Layering.mostStandIns
    // Short ones first: they are what a picture is read by.
    for edge in edges.sorted(by: { span($0) < span($1) }) {
      let standIns = span(edge) - 1
      chains.append(standIns <= left ? routed(edge) : [edge.from, edge.to])
      left -= standIns <= left ? standIns : 0
    }
  }

  private func span(_ edge: (from: Int, to: Int)) -> Int { layer[edge.to] - layer[edge.from] }

  private mutating func routed(_ edge: (from: Int, to: Int)) -> [Int] {
    var chain = [edge.from]
    for place in (layer[edge.from] + 1)..<(layer[edge.to] + 1) {
      var next = edge.to
      if place < layer[edge.to] {
        next = layer.count
        layer.append(place)
        before.append([])
        after.append([])
        members[place].append(next)
      }
      after[chain[chain.count - 1]].append(next)
      before[next].append(chain[chain.count - 1])
      chain.append(next)
    }
    return chain
  }

  /// Sorts each layer by where its neighbours stand, forth and back, and keeps the best order met (Sugiyama's way).
  mutating func reduceCrossings() {
    guard members.count > 1 else { return }
    var best = members
    var fewest = crossings
    for sweep in 0..<Layering.sweeps where fewest > 0 {
      if sweep.isMultiple(of: 2) {
        for place in 1..<members.count { sort(place, by: before, in: place - 1) }
      } else {
        for place in (0..<(members.count - 1)).reversed() { sort(place, by: after, in: place + 1) }
      }
      let now = crossings
      if now < fewest { (best, fewest) = (members, now) }
    }
    members = best
  }

  private mutating func sort(_ place: Int, by neighbours: [[Int]], in other: Int) {
    let position = Layering.positions(members[other])
    let weights = members[place].enumerated().map { index, vertex -> (weight: Double, index: Int, vertex: Int) in
      let places = neighbours[vertex].compactMap { position[$0] }
      let weight = places.isEmpty ? Double(index) : Double(places.reduce(0, +)) / Double(places.count)
      return (weight, index, vertex)
    }
    members[place] = weights.sorted { ($0.weight, $0.index) < ($1.weight, $1.index) }.map(\.vertex)
  }

  static func positions(_ vertices: [Int]) -> [Int: Int] {
    Dictionary(uniqueKeysWithValues: vertices.enumerated().map { ($1, $0) })
  }

  /// How many pairs of edges between neighbouring layers cross.
  var crossings: Int {
    members.indices.dropFirst().reduce(0) { total, place in
      let left = Layering.positions(members[place - 1])
      let ends = members[place].flatMap { vertex in before[vertex].compactMap { left[$0] }.sorted() }
      return total + Layering.inversions(ends, below: members[place - 1].count)
    }
  }

  /// Pairs in the wrong order, counted with a Fenwick tree.
  private static func inversions(_ values: [Int], below limit: Int) -> Int {
    var tree = Array(repeating: 0, count: limit + 1)
    var total = 0
    for (seen, value) in values.enumerated() {
      var notLarger = 0
      var place = value + 1
      while place > 0 {
        notLarger += tree[place]
        place &= place - 1
      }
      total += seen - notLarger
      place = value + 1
      while place <= limit {
        tree[place] += 1
        place += place & -place
      }
    }
    return total
  }
}
