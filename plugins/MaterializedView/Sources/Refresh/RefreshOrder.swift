/// Views in an order in which each comes after those it reads.
enum RefreshOrder {
  static func sorted(_ targets: [RefreshTarget]) -> [RefreshTarget] {
    var waiting = targets
    var ordered: [RefreshTarget] = []
    while !waiting.isEmpty {
      let open = Set(waiting.map(\.oid))
      let ready = waiting.filter { $0.reads.isDisjoint(with: open.subtracting([$0.oid])) }
      // Views cannot read each other in a circle; functions between them can.
      guard !ready.isEmpty else { return ordered + waiting }
      ordered += ready
      waiting.removeAll { target in ready.contains { $0.oid == target.oid } }
    }
    return ordered
  }
}
