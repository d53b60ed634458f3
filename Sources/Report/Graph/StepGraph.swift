package import RunModel

/// The steps of a plan, or of a run with where each stands.
package struct StepGraph: Sendable {
  package struct Node: Sendable {
    package var id: String
    /// The step kind's name.
    package var kind: String
    package var needs: [String]
    /// `nil`: nothing has run.
    package var state: StepState?
    package var isIrreversible: Bool
    /// Why it is skipped, waits or failed.
    package var reason: String?

    package init(
      id: String, kind: String, needs: [String], state: StepState? = nil, isIrreversible: Bool = false,
      reason: String? = nil
    ) {
      self.id = id
      self.kind = kind
      self.needs = needs
      self.state = state
      self.isIrreversible = isIrreversible
      self.reason = reason
    }
  }

  package let title: String
  /// Each after all it needs.
  package let nodes: [Node]
  let graph: Graph

  package init(title: String, _ nodes: [Node]) throws(Graph.Failure) {
    self.title = title
    graph = try Graph(nodes.map { ($0.id, $0.needs) })
    let byID = Dictionary(uniqueKeysWithValues: nodes.map { ($0.id, $0) })
    self.nodes = graph.order.compactMap { byID[$0] }
  }

  /// `12 steps in 4 layers: 10 done, 2 skipped`
  var summary: String {
    let layers = Layering(graph).members.count
    let size = "\(nodes.count) \(nodes.count == 1 ? "step" : "steps") in \(layers) \(layers == 1 ? "layer" : "layers")"
    let states = StepState.allCases.compactMap { state -> String? in
      let count = nodes.count { $0.state == state }
      return count == 0 ? nil : "\(count) \(state.mark.word)"
    }
    return states.isEmpty ? size : "\(size): \(states.joined(separator: ", "))"
  }
}

/// The forms in which a graph is printed.
package enum GraphFormat: String, Sendable, CaseIterable {
  case text, mermaid, dot, svg
}
