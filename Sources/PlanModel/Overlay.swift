internal import PlanSchema
internal import YAMLTree

/// An environment's changes laid over the plan's steps.
enum Overlay {
  /// Mappings merge key by key; anything else is replaced.
  static func merge(_ base: Node, _ over: Node) -> Node {
    guard case .mapping(var pairs) = base.kind, case .mapping(let changes) = over.kind else { return over }
    let places = Dictionary(
      pairs.enumerated().map { ($1.key.text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    for change in changes {
      if let place = places[change.key.text ?? ""] {
        pairs[place] = Node.Pair(key: change.key, value: merge(pairs[place].value, change.value))
      } else {
        pairs.append(change)
      }
    }
    return Node(.mapping(pairs), tag: base.tag, range: base.range)
  }

  /// The plan's steps with the environment's changes; changes to what is not there are reported.
  static func steps(_ plan: [Node.Pair], _ overlay: [Node.Pair], _ report: inout Diagnostics) -> [Node.Pair] {
    let ids = plan.compactMap(\.key.text)
    let known = Set(ids)
    var changes: [String: Node] = [:]
    for pair in overlay {
      guard let id = pair.key.text else { continue }
      guard known.contains(id) else {
        report.error(
          "step.unknown", "the plan has no step `\(id)`", at: pair.key.range,
          didYouMean: report.nearest(to: id, in: ids))
        continue
      }
      if report.mapping(pair.value) != nil { changes[id] = withoutFixedKeys(pair.value, &report) }
    }
    return plan.map { pair in
      guard let id = pair.key.text, let change = changes[id], pair.value.pairs != nil else { return pair }
      return Node.Pair(key: pair.key, value: merge(schedule(pair.value, under: change), change))
    }
  }
}

extension Overlay {
  private static func withoutFixedKeys(_ change: Node, _ report: inout Diagnostics) -> Node {
    var kept = change
    for fixed in ["uses", "for_each"] {
      guard let key = change.key(fixed) else { continue }
      kept = kept.without(fixed)
      report.error(
        "overlay.fixed", "an environment cannot change `\(fixed)` of a step", at: key.range,
        hint: "change the plan, or skip the step here")
    }
    return kept
  }
}

extension Node {
  /// Without keys this version does not act on: each is refused where it stands.
  func refusing(_ keys: [String], _ report: inout Diagnostics) -> Node {
    guard case .mapping(let pairs) = kind else { return self }
    let kept = pairs.filter { pair in
      guard let key = pair.key.text, keys.contains(key) else { return true }
      report.error(
        "key.unsupported", "`\(key)` is not supported by this version: it would have no effect", at: pair.key.range,
        hint: "remove it")
      return false
    }
    return Node(.mapping(kept), tag: tag, range: range)
  }

  /// Only these keys, in place.
  func keeping(_ keys: [String]) -> Node {
    guard case .mapping(let pairs) = kind else { return self }
    return Node(.mapping(pairs.filter { keys.contains($0.key.text ?? "") }), tag: tag, range: range)
  }
}
