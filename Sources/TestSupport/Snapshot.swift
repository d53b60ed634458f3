import ChildProcess
import Glibc
import Sandbox
package import Testing

/// Text compared with a file under `Snapshots` beside the test; CAISSON_RECORD=1 writes it.
package enum Snapshot {
  package static func expect(
    _ text: String, named name: String, file: String = #filePath, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let folder = file.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Snapshots"
    let path = "\(folder)/\(name).txt"
    let text = text.hasSuffix("\n") ? text : text + "\n"
    if Environment.value("CAISSON_RECORD") == "1" {
      try ServerFiles.makeFolder(folder, mode: 0o755, owner: nil)
      try ServerFiles.write(text, to: path, mode: 0o644, owner: nil)
      return
    }
    guard let kept = ServerFiles.read(path) else {
      Issue.record("no snapshot \(path); CAISSON_RECORD=1 records it", sourceLocation: sourceLocation)
      return
    }
    guard kept != text else { return }
    let line = firstDifference(kept, text)
    Issue.record("\(name) differs from its snapshot, first in \(line)\n\(text)", sourceLocation: sourceLocation)
  }

  private static func firstDifference(_ kept: String, _ text: String) -> String {
    let old = kept.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let place = zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(old.count, new.count)
    let before = place < old.count ? old[place] : "(end)", after = place < new.count ? new[place] : "(end)"
    return "line \(place + 1):\n  kept: \(before)\n  now:  \(after)"
  }
}
