import RunModel
import Testing

@testable import Report

@Suite struct LayeredLayoutTests {
  private static func graph(_ needs: [(String, [String])]) throws -> Graph { try Graph(needs.map { (id: $0.0, needs: $0.1) }) }

  /// Pairs of boxes that share a place.
  private static func overlaps(_ layout: LayeredLayout) -> Int {
    let places = layout.places.values.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    return zip(places, places.dropFirst()).count { $0.x == $1.x && $1.y - $0.y < layout.measures.height }
  }

  @Test("a step stands to the right of all it needs")
  func order() throws {
    let layout = LayeredLayout(try Self.graph([("a", []), ("b", ["a"]), ("c", ["a", "b"]), ("d", []), ("e", ["d", "c"])]))
    for (step, need) in [("b", "a"), ("c", "a"), ("c", "b"), ("e", "d"), ("e", "c")] {
      let right = try #require(layout.places[step]), left = try #require(layout.places[need])
      #expect(left.x + layout.measures.width < right.x)
    }
    #expect(layout.layers == 4)
  }

  @Test("crossings that need not be are none")
  func crossings() throws {
    // Drawn in the order of the text, every edge crosses every other.
    let needs = [("a", []), ("b", []), ("c", []), ("x", ["c"]), ("y", ["b"]), ("z", ["a"]), ("end", ["x", "a"])]
    var layering = Layering(try Self.graph(needs))
    #expect(layering.crossings > 0)
    layering.reduceCrossings()
    #expect(layering.crossings == 0)
  }

  @Test("a long edge goes around the boxes it passes")
  func longEdges() throws {
    let layout = LayeredLayout(try Self.graph([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", ["c", "a"])]))
    let long = try #require(layout.edges.first { $0.from == "a" && $0.to == "d" })
    #expect(long.points.count == 6)
    for point in long.points.dropFirst().dropLast() {
      for place in layout.places.values where place.x <= point.x && point.x <= place.x + layout.measures.width {
        #expect(point.y < place.y || point.y > place.y + layout.measures.height)
      }
    }
  }

  @Test("a thousand steps have a place each, whatever they need", arguments: ["chain", "fan", "random", "all of them"])
  func thousand(shape: String) throws {
    var random = Drawn(state: 7)
    let steps = (0..<1_000).map { step -> (String, [String]) in
      let needs: [Int] = switch shape {
      case "chain": step == 0 ? [] : [step - 1]
      case "fan": step == 0 ? [] : step == 999 ? Array(1..<999) : [0]
      case "random": step < 10 ? [] : (0..<3).map { _ in random.below(step) }
      default: step == 0 ? [] : step.isMultiple(of: 9) ? Array(0..<step) : [step - 1]
      }
      return ("step-\(step)", Set(needs).sorted().map { "step-\($0)" })
    }
    let layout = LayeredLayout(try Self.graph(steps))
    #expect(layout.places.count == 1_000)
    #expect(layout.edges.count == steps.reduce(0) { $0 + $1.1.count })
    #expect(Self.overlaps(layout) == 0)
    #expect(layout.places.values.allSatisfy { $0.x >= 0 && $0.y >= 0 && $0.y < layout.height && $0.x < layout.width })
  }

  private struct Drawn {
    var state: UInt64
    mutating func below(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
  }
}
