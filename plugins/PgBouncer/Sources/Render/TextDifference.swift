import PluginAPI

/// What would change in a file that is there.
enum TextDifference {
  /// One note; passwords that a person may have written into the present file are not shown.
  static func findings(_ text: String, path: String, _ facts: any Facts) async -> [Finding] {
    guard let present = try? await facts.program(["cat", "--", path]) else {
      return [.note("pgbouncer.difference", "\(path) is new")]
    }
    let changes = lines(from: present, to: text)
    guard !changes.isEmpty else { return [.note("pgbouncer.difference", "\(path) stays as it is")] }
    let shown = changes.prefix(60).map(withoutPassword), rest = changes.count - shown.count
    let more = rest > 0 ? ["… and \(rest) more lines"] : []
    return [.note("pgbouncer.difference", (["\(path) changes:"] + shown + more).joined(separator: "\n  "))]
  }

  /// `- old` and `+ new`, in the order of the files.
  static func lines(from old: String, to new: String) -> [String] {
    let before = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let after = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let difference = after.difference(from: before)
    let removed = difference.removals.compactMap { change -> (place: Int, line: String)? in
      if case .remove(let offset, let line, _) = change { (offset, "- \(line)") } else { nil }
    }
    let inserted = difference.insertions.compactMap { change -> (place: Int, line: String)? in
      if case .insert(let offset, let line, _) = change { (offset, "+ \(line)") } else { nil }
    }
    return (removed + inserted).enumerated().sorted {
      $0.element.place == $1.element.place ? $0.offset < $1.offset : $0.element.place < $1.element.place
    }.map(\.element.line)
  }

  private static func withoutPassword(_ line: String) -> String {
    line.replacing(#/password\s*=\s*(?:'(?:[^']|'')*'|\S*)/#, with: "password=…")
  }
}
