import RunModel

/// One step's line of a graph in lanes. A lane is a step that others still wait for; it comes from above.
struct LaneRow {
  enum Cell: Hashable {
    case empty, passing, across
    /// Something crosses a lane that has no part in it.
    case over
    case step
    /// A lane that the step needs: which ways it goes from here.
    case joint(down: Bool, left: Bool, right: Bool)
  }

  let cells: [Cell]
  /// Lanes between which a line goes across.
  let span: ClosedRange<Int>

  static func rows(of graph: Graph) -> [LaneRow] {
    var lanes: [String?] = []
    var waiting = graph.wantedBy.mapValues { Set($0).count }
    var rows: [LaneRow] = []
    for step in graph.order {
      let needs = Set(graph.needs[step, default: []])
      let used = lanes.indices.filter { lanes[$0].map(needs.contains) ?? false }
      for need in needs { waiting[need, default: 0] -= 1 }
      let ending = Set(used.filter { lanes[$0].map { waiting[$0, default: 0] <= 0 } ?? false })
      let own = ending.min() ?? lanes.firstIndex(of: nil) ?? lanes.count
      if own == lanes.count { lanes.append(nil) }
      rows.append(LaneRow(own: own, used: Set(used), ending: ending, lanes: lanes))
      for lane in ending { lanes[lane] = nil }
      if waiting[step, default: 0] > 0 { lanes[own] = step }
      while let last = lanes.last, last == nil { lanes.removeLast() }
    }
    return rows
  }

  private init(own: Int, used: Set<Int>, ending: Set<Int>, lanes: [String?]) {
    let low = min(own, used.min() ?? own)
    let high = max(own, used.max() ?? own)
    span = low...high
    cells = lanes.indices.map { lane in
      if lane == own { return .step }
      if used.contains(lane) { return .joint(down: !ending.contains(lane), left: lane > low, right: lane < high) }
      let isBetween = lane > low && lane < high
      if lanes[lane] != nil { return isBetween ? .over : .passing }
      return isBetween ? .across : .empty
    }
  }

  /// `symbol` stands for the step; as wide as `width` lanes.
  func text(_ symbol: String, width: Int, utf8: Bool) -> String {
    (0..<width).map { lane in
      let cell = lane < cells.count ? cells[lane] : .empty
      let own = cell == .step ? symbol : LaneRow.character(cell, utf8: utf8)
      let between =
        lane + 1 == width ? "" : lane >= span.lowerBound && lane < span.upperBound ? (utf8 ? "─" : "-") : " "
      return own + between
    }.joined()
  }

  private static func character(_ cell: Cell, utf8: Bool) -> String {
    switch cell {
    case .empty, .step: " "
    case .passing, .over: utf8 ? "│" : "|"
    case .across: utf8 ? "─" : "-"
    case .joint(let down, let left, let right):
      switch (down, left, right) {
      case (true, true, true): utf8 ? "┼" : "+"
      case (true, true, false): utf8 ? "┤" : "+"
      case (true, false, _): utf8 ? "├" : "+"
      case (false, true, true): utf8 ? "┴" : "+"
      case (false, true, false): utf8 ? "┘" : "'"
      case (false, false, _): utf8 ? "└" : "`"
      }
    }
  }
}
