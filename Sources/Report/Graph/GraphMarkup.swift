/// A graph for programs that draw it themselves.
extension StepGraph {
  /// Mermaid's flowchart; states are classes.
  package var mermaid: String {
    let number = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.id, $0 + 1) })
    var lines = ["flowchart LR"]
    for (place, node) in nodes.enumerated() {
      let tone = node.state.map { ":::\($0.mark.tone.rawValue)" } ?? ""
      lines.append("  s\(place + 1)[\"\(label(node).map(Self.mermaidText).joined(separator: "<br>"))\"]\(tone)")
    }
    for node in nodes {
      for need in node.needs { lines.append("  s\(number[need] ?? 0) --> s\(number[node.id] ?? 0)") }
    }
    let used = Set(nodes.compactMap { $0.state?.mark.tone })
    lines += StateMark.Tone.allCases.filter(used.contains).map {
      "  classDef \($0.rawValue) stroke:\($0.stroke),stroke-width:2px"
    }
    return lines.joined(separator: "\n")
  }

  /// Graphviz.
  package var dot: String {
    var lines = ["digraph \(Self.dotText(title)) {", "  rankdir=LR", "  node [shape=box, fontname=\"sans-serif\"]"]
    for node in nodes {
      let label = label(node).map { $0.replacing("\\", with: "\\\\") }.joined(separator: "\\n")
      let colour = node.state.map { ", color=\"\($0.mark.tone.stroke)\", penwidth=2" } ?? ""
      lines.append("  \(Self.dotText(node.id)) [label=\(Self.dotQuoted(label))\(colour)]")
    }
    for node in nodes { lines += node.needs.map { "  \(Self.dotText($0)) -> \(Self.dotText(node.id))" } }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func label(_ node: Node) -> [String] {
    let mark = node.state.map { " \($0.mark.symbol) \($0.mark.word)" } ?? ""
    return [node.id, node.kind + mark + (node.isIrreversible ? ", no way back" : "")]
  }

  private static func dotText(_ text: String) -> String { dotQuoted(text.replacing("\\", with: "\\\\")) }

  private static func dotQuoted(_ text: String) -> String {
    "\"" + text.replacing("\"", with: "\\\"").replacing("\n", with: " ") + "\""
  }

  /// Nothing of a name may end the label or be taken for markup.
  private static func mermaidText(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { out, scalar in
      if "\"#<>&;`\\".unicodeScalars.contains(scalar) || scalar.value < 0x20 {
        out += "#\(scalar.value);"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
}

extension StateMark.Tone {
  /// For drawings that cannot tell a dark background from a light one.
  var stroke: String {
    switch self {
    case .good: "#1f8a4c"
    case .active: "#1a73c7"
    case .waiting: "#b07400"
    case .person: "#8a4fc4"
    case .bad: "#c9372c"
    case .quiet: "#7a858e"
    case .back: "#8a7442"
    }
  }
}
