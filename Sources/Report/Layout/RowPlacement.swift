/// How high each vertex stands: as near to its neighbours as the others of its layer let it.
struct RowPlacement: Sendable {
  private static let sweeps = 8

  /// By vertex, of its middle.
  private(set) var middles: [Double]

  private let layering: Layering
  private let measures: LayeredLayout.Measures

  init(_ layering: Layering, _ measures: LayeredLayout.Measures) {
    self.layering = layering
    self.measures = measures
    middles = Array(repeating: 0, count: layering.layer.count)
    for layer in layering.members {
      for (vertex, offset) in zip(layer, offsets(layer)) { middles[vertex] = offset }
    }
    for sweep in 0..<RowPlacement.sweeps {
      let forth = sweep.isMultiple(of: 2)
      let order = Array(layering.members.indices)
      for place in forth ? order : order.reversed() {
        settle(layering.members[place], forth ? layering.before : layering.after)
      }
    }
    let top = middles.enumerated().map { $1 - extent($0) / 2 }.min() ?? 0
    for vertex in middles.indices { middles[vertex] += measures.margin - top }
  }

  private func extent(_ vertex: Int) -> Double { vertex < layering.steps ? measures.height : measures.lane }

  /// Middles of a layer when its members stand as close as they may.
  private func offsets(_ layer: [Int]) -> [Double] {
    var offsets: [Double] = []
    var used = 0.0
    for vertex in layer {
      offsets.append(used + extent(vertex) / 2)
      used += extent(vertex) + measures.row
    }
    return offsets
  }

  /// The places nearest to what each member wants, by least squares, that keep order and distance: what is left when the
  /// distances are taken off has to rise, and neighbours that would fall share their mean (pool adjacent violators).
  private mutating func settle(_ layer: [Int], _ neighbours: [[Int]]) {
    let offsets = offsets(layer)
    var pools: [(sum: Double, count: Int)] = []
    for (vertex, offset) in zip(layer, offsets) {
      let near = neighbours[vertex]
      let wanted = near.isEmpty ? middles[vertex] : near.reduce(0) { $0 + middles[$1] } / Double(near.count)
      pools.append((wanted - offset, 1))
      while pools.count > 1, let last = pools.last, mean(pools[pools.count - 2]) > mean(last) {
        pools.removeLast()
        pools[pools.count - 1].sum += last.sum
        pools[pools.count - 1].count += last.count
      }
    }
    var place = 0
    for pool in pools {
      for _ in 0..<pool.count {
        middles[layer[place]] = mean(pool) + offsets[place]
        place += 1
      }
    }
  }

  private func mean(_ pool: (sum: Double, count: Int)) -> Double { pool.sum / Double(pool.count) }
}
